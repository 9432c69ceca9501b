"""Completion of one-off containers and instances (entry-point group `dokkupy.completers`)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed
from dokkupy_sdk.names import AppName


def runs(host: Host, typed: Typed) -> list[str]:
    """The one-off containers of the app; without one, of every app."""
    from dokkupy_run.oneoff import every_run

    return [one.name for _, one in every_run(host, AppName(typed.app) if typed.app else None)]


def instances(host: Host, typed: Typed) -> list[str]:
    """The containers of the app's instances, by their short ids."""
    from dokkupy_apps.releases.records import current

    return [one.id[:12] for one in current(host, AppName(typed.app))[1]] if typed.app else []
