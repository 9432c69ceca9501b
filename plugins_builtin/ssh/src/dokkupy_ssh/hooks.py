"""SSH's part of the host: set up, taken away, examined."""

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
    """Who had the app has it under its new name, and not the next app of the old one."""
    from dokkupy_sdk.access import keys_of

    from dokkupy_ssh.keys import rename_app

    if any(old in key.apps for key in keys_of(host).values()):
        rename_app(host, old, new, tx)


@hookimpl
def post_app_destroy(host: Host, app: AppName) -> None:
    """A later app of the name is somebody else's."""
    from dokkupy_ssh.keys import forget_app

    for name in forget_app(host, app):
        host.out.detail(f"The key {name} no longer has the app {app}; to give it one of this name: ssh-keys:set {name}")
