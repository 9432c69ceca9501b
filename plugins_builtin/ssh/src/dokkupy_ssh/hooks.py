"""SSH's part of setup, its removal, and the doctor's check."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.model import Finding
    from dokkupy_sdk.names import AppName
    from dokkupy_sdk.operation import Transaction


@hookimpl
def setup_changes(host: Host, dry_run: bool) -> Iterable[str]:
    from dokkupy_ssh.sshd import set_up

    return set_up(host, dry_run=dry_run)


@hookimpl
def teardown_changes(host: Host, dry_run: bool) -> Iterable[str]:
    from dokkupy_ssh.sshd import tear_down

    return tear_down(dry_run=dry_run)


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_ssh.keys import finding

    return [finding(host)]


@hookimpl
def post_app_rename(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """Keys that had the app get it under its new name, and do not get a later app of the old name."""
    from dokkupy_sdk.access import keys_of

    from dokkupy_ssh.keys import rename_app

    if any(old in key.apps for key in keys_of(host).values()):
        rename_app(host, old, new, tx)


@hookimpl
def post_app_destroy(host: Host, app: AppName) -> None:
    """Keys lose the app, because a later app of the same name may belong to somebody else."""
    from dokkupy_ssh.keys import forget_app

    for name in forget_app(host, app):
        host.out.detail(f"The key {name} no longer has the app {app}; to give it one of this name: ssh-keys:set {name}")
