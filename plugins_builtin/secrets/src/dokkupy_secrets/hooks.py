"""Setup creates the key, and the doctor checks it."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.model import Finding


@hookimpl
def setup_changes(host: Host, dry_run: bool) -> Iterable[str]:
    from dokkupy_secrets.install import set_up

    return set_up(host, dry_run=dry_run)


@hookimpl
def teardown_changes(host: Host, dry_run: bool, purge: bool) -> Iterable[str]:
    if not purge:
        return ()
    from dokkupy_secrets.install import tear_down

    return tear_down(host, dry_run=dry_run)


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_secrets.doctor import findings

    return findings(host)
