"""Completion of users, addresses and redirects."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed
from dokkupy_sdk.names import AppName


def users(host: Host, typed: Typed) -> list[str]:
    from dokkupy_front.records import HttpAuthFile

    return sorted(host.store.load(HttpAuthFile, AppName(typed.app)).users) if typed.app else []


def allowed(host: Host, typed: Typed) -> list[str]:
    """The addresses that need no password."""
    from dokkupy_front.records import HttpAuthFile

    return list(host.store.load(HttpAuthFile, AppName(typed.app)).allowed) if typed.app else []


def redirected(host: Host, typed: Typed) -> list[str]:
    from dokkupy_front.records import RedirectFile

    return list(host.store.load(RedirectFile, AppName(typed.app)).domains) if typed.app else []
