"""Hooks of certs: the certificates that the proxy serves, and when they expire."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName, Domain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.diagnosis import Cause, Evidence
    from dokkupy_sdk.model import Certificate, Finding, Job
    from dokkupy_sdk.operation import Transaction


@hookimpl
def resolve_certificate(host: Host, app: AppName, domain: Domain | None) -> Certificate | None:
    if not host.store.has_file("apps", app, "certs"):
        return None
    from dokkupy_certs.certificates import choose, files_of

    one = choose(host, app, domain)
    return files_of(host, app, one) if one is not None else None


@hookimpl
def post_app_rename(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """Warn of domains that lose TLS, because a default domain changes with the app's name, and certificates do not."""
    if not host.store.has_file("apps", new, "certs"):
        return
    from dokkupy_apps.desired.domains import domains_of

    from dokkupy_certs.certificates import choose

    had = [domain for domain in domains_of(host, old) if choose(host, old, domain) is not None]
    left = [domain for domain in domains_of(host, new) if choose(host, new, domain) is None]
    if had and left:
        host.out.warn(
            f"No certificate of {new} covers {', '.join(left)}, which therefore has no TLS. For a certificate: "
            f"letsencrypt:enable {new}, certs:add {new} or certs:generate {new} {left[0]}"
        )


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_certs.expiry import findings

    return findings(host)


@hookimpl(optionalhook=True)  # of dokkupy-why, which may not be installed
def diagnose(host: Host, evidence: Evidence) -> Iterable[Cause]:
    if evidence.step != "serve":
        return []
    from dokkupy_certs.expiry import causes

    return causes(host, AppName(evidence.app))


@hookimpl(optionalhook=True)  # of dokkupy-host, which may not be installed
def host_status(host: Host) -> Iterable[Finding]:
    from dokkupy_certs.expiry import status_of

    return status_of(host)


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    return [Job("sweep", 3600, "dokkupy_certs.sweep:tick")]
