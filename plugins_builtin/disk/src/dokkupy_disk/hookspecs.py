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
    """Directories, besides the state directory, in which the platform stores data. The timer watches how full their
    file systems are."""


@hookspec
def disk_usage(host: Host, app: AppName | None) -> Iterable[DiskUse]:  # type: ignore[empty-body]
    """The disk use of what the plugin stores, of one app or with None of all apps and the host. May be slow: it is called
    once a day, and for an app that is over its budget."""


@hookspec
def reclaimable(host: Host, app: AppName | None) -> Iterable[Reclaimable]:  # type: ignore[empty-body]
    """What the plugin could remove, of one app or with None of all apps and the host. Never what runs, what a release that
    the app can roll back to uses, or what the platform did not create. Removes nothing itself."""
