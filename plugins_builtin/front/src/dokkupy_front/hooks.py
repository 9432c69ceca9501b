"""The proxy facts of an app, and the directory of the maintenance pages."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.diagnosis import Cause, Evidence
    from dokkupy_sdk.names import AppName
    from dokkupy_sdk.proxy_facts import ProxyFact


@hookimpl
def proxy_config(host: Host, app: AppName) -> Iterable[ProxyFact]:
    """Imports nothing for apps that have none of these settings, which most do not."""
    facts: list[ProxyFact] = []
    if host.store.has_file("apps", app, "maintenance"):
        from dokkupy_front.page import maintenance_facts

        facts += maintenance_facts(host, app)
    if host.store.has_file("apps", app, "redirect"):
        from dokkupy_front.redirect import redirect_facts

        facts += redirect_facts(host, app)
    if host.store.has_file("apps", app, "http-auth"):
        from dokkupy_front.http_auth import password_facts

        facts += password_facts(host, app)
    return facts


@hookimpl(optionalhook=True)  # of dokkupy-why, which may not be installed
def diagnose(host: Host, evidence: Evidence) -> Iterable[Cause]:
    """The maintenance page, in whose place visitors expect the app."""
    from dokkupy_sdk.names import AppName

    from dokkupy_front.records import MaintenanceFile

    if evidence.step == "serve" and host.store.load(MaintenanceFile, AppName(evidence.app)).enabled:
        from dokkupy_sdk.diagnosis import FACT, Cause

        yield Cause("Visitors get the maintenance page", (f"maintenance:disable {evidence.app}",), sure=FACT)


@hookimpl
def setup_changes(host: Host, dry_run: bool) -> Iterable[str]:
    from dokkupy_sdk.setup import Steps

    from dokkupy_front.page import pages_root

    steps = Steps(dry_run=dry_run)
    steps.directory(pages_root(host), 0o755)
    return steps.lines


@hookimpl
def post_app_destroy(host: Host, app: AppName) -> None:
    from dokkupy_front.page import remove_unused

    remove_unused(host, app)
