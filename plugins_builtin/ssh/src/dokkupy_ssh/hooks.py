"""SSH's part of the host: set up, taken away, examined."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.model import Finding


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
