"""The hooks of the disk, which this plugin calls. They have the four shapes of core's own."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # every command that calls a hook loads this module
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk import Host
    from dokkupy_sdk.disk import DiskUse, Reclaimable
    from dokkupy_sdk.names import AppName


@hookspec
def disk_directories(host: Host) -> Iterable[str]:  # type: ignore[empty-body]
    """Directories, besides the state's, in which the platform keeps things: how full their file systems are is watched."""


@hookspec
def disk_usage(host: Host, app: AppName | None) -> Iterable[DiskUse]:  # type: ignore[empty-body]
    """How much of what you keep, of one app or with None of everybody and the host. May take a while: it is asked once a
    day, and for an app that is over its budget."""


@hookspec
def reclaimable(host: Host, app: AppName | None) -> Iterable[Reclaimable]:  # type: ignore[empty-body]
    """What of yours can go, of one app or with None of all and the host: nothing that runs, that a release that can be rolled
    back to uses, or that the platform did not make. Removes nothing."""
