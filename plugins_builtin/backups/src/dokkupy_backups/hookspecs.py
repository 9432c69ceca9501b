"""The hooks of backups, which this plugin calls. They have the four shapes of core's own."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # every command that calls a hook loads this module
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName
    from dokkupy_sdk.roles import BackupSubject


@hookspec
def backup_subjects(host: Host) -> Iterable[BackupSubject]:  # type: ignore[empty-body]
    """Your subjects that can be backed up. Must be cheap, so do not contact a service."""


@hookspec
def backup_directories(host: Host, app: AppName) -> Iterable[tuple[str, str]]:  # type: ignore[empty-body]
    """(name, directory of the host): what the app's backup has beside the docker volumes that its options mount, and what a
    restore replaces. A name is the same on every host and begins with `_`, as no docker volume does. Cheap: asked for every
    app by each command of backups."""


@hookspec
def pre_backup(host: Host, subject: str) -> None:
    """The subject is about to be read: bring its data into a consistent state. Raise an error to refuse the backup."""


@hookspec
def on_backup_finished(host: Host, subject: str, outcome: str, reason: str) -> None:
    """A backup of a service, app or host ended. outcome: verified, done or failed."""
