"""Hooks of letsencrypt: renewals, and apps that are renamed, cloned or destroyed."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.diagnosis import Cause, Evidence
    from dokkupy_sdk.model import Finding, Job
    from dokkupy_sdk.operation import Transaction


@hookimpl
def scheduled_jobs(host: Host) -> Iterable[Job]:
    from dokkupy_sdk.model import Job

    return [Job("renew", 60, "dokkupy_letsencrypt.order.manage:tick")]


@hookimpl
def doctor_checks(host: Host) -> Iterable[Finding]:
    from dokkupy_sdk.many import messages, over_each
    from dokkupy_sdk.model import Finding

    from dokkupy_letsencrypt.order.state import status

    done, failed = over_each(host.store.apps(), lambda app: status(host, app))
    found = [
        Finding("letsencrypt", "error", f"{app}: {'; '.join(messages(error))}", getattr(error, "hint", ""))
        for app, error in failed
    ]
    for app, one in done:
        if one.enabled and one.failures:
            tried = f"{one.failures} times since the last certificate"
            found.append(
                Finding(
                    "letsencrypt",
                    "warning",
                    f"{app}: renewal failed {tried}: {one.last_error[:300]}",
                    f"Fix it, then: dokkupy letsencrypt:enable {app}",
                )
            )
    return found


@hookimpl(optionalhook=True)  # of dokkupy-why, which may not be installed
def diagnose(host: Host, evidence: Evidence) -> Iterable[Cause]:
    """An order that failed: a name that leads elsewhere, most often."""
    if evidence.step != "serve":
        return
    from dokkupy_sdk.diagnosis import FACT, Cause

    from dokkupy_letsencrypt.order.state import status

    app = AppName(evidence.app)
    one = status(host, app)
    if one.enabled and one.failures:
        yield Cause(
            f"Let's Encrypt gives no certificate ({one.failures} failed attempts): {one.last_error[:300]}",
            (f"Point the DNS record of each name to this host (domains:report {app}), then: letsencrypt:enable {app}",),
            sure=FACT,
        )


@hookimpl
def post_app_clone(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """Give the clone no certificates, because it has other names, for which nobody enabled them."""
    from dokkupy_letsencrypt.order.state import Automatic, keep, read

    if read(host, new) != Automatic():
        keep(tx, new, Automatic())


@hookimpl
def post_app_destroy(host: Host, app: AppName) -> None:
    from dokkupy_sdk.errors import Busy

    from dokkupy_letsencrypt.certbot.program import Certbot

    try:
        Certbot(host).forget(app)
    except Busy:
        pass  # orders of other apps are running, so the timer removes it later
