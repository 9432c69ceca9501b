"""Completion of the registries that the scope is logged in to."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed
from dokkupy_sdk.names import AppName


def servers(host: Host, typed: Typed) -> list[str]:
    from dokkupy_registry.stored import kept_logins

    if typed.app is None and not typed.is_global:
        return []
    return list(kept_logins(host, AppName(typed.app) if typed.app else None))
