"""Completion of the processes whose lines are kept."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed


def sources(host: Host, typed: Typed) -> list[str]:
    """The app's process types, and the kinds of its one-off containers."""
    from dokkupy_apps.completers import process_types

    return [*process_types(host, typed), "cron", "release", "run"]
