"""The hooks of the commands on apps, which this plugin calls. They have the four shapes of core's own."""

from __future__ import annotations

from collections.abc import Iterable

from dokkupy_sdk import Host, hookspec
from dokkupy_sdk.names import AppName


@hookspec
def cleanup_changes(host: Host, app: AppName | None) -> Iterable[str]:  # type: ignore[empty-body]
    """`cleanup` was typed, for one app or for all: remove what ended and nobody uses. Do it by `host.act`, so that a
    dry run only plans it. Returns the names of what was removed."""
