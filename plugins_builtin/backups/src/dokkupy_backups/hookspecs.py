"""The hooks of backups, which this plugin calls. They have the four shapes of core's own."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # every command that calls a hook loads this module
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk import Host
    from dokkupy_sdk.roles import BackupSubject


@hookspec
def backup_subjects(host: Host) -> Iterable[BackupSubject]:  # type: ignore[empty-body]
    """What of yours can be backed up. Cheap: nothing is asked of a service before one of them is used."""


@hookspec
def on_backup_finished(host: Host, subject: str, outcome: str, reason: str) -> None:
    """A backup of a service, app or host ended. outcome: verified, done or failed."""
