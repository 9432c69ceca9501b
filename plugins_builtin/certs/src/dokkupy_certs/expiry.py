"""How long the served certificates are valid. A handshake with the proxy shows them, not the state."""

from __future__ import annotations

from datetime import UTC, datetime

from dokkupy_apps.desired.domains import domains_of
from dokkupy_sdk import Host
from dokkupy_sdk.diagnosis import FACT, READ, Cause
from dokkupy_sdk.many import messages, over_each
from dokkupy_sdk.model import Finding
from dokkupy_sdk.names import AppName
from dokkupy_sdk.text import counted
from dokkupy_sdk.tls import tls_probe

from dokkupy_certs.certificates import StoredCertificate, expectations, slots
from dokkupy_certs.x509 import covers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

WARN = 21
"""Days. A certificate of 90 days should by then have been renewed for nine days."""

URGENT = 7

SHOWN = 3
"""How many certificates `status` names: those that end next."""


def days_left(one: StoredCertificate, now: datetime) -> float:
    return (datetime.fromisoformat(one.not_after) - now).total_seconds() / 86400


def level_of(days: float) -> str:
    return "error" if days < URGENT else "warning" if days < WARN else "ok"


def findings(host: Host, now: datetime | None = None) -> list[Finding]:
    """A finding for each certificate in use, and for each name that serves another one."""
    at = now or datetime.now(UTC)
    done, failed = over_each(host.store.apps(), lambda app: findings_of(host, app, at))
    found = [one for _, rows in done for one in rows]
    for app, error in failed:
        text = f"{app}: {'; '.join(messages(error))}"
        found.append(Finding("certificates", "error", text, getattr(error, "hint", "")))
    return found


def status_of(host: Host, now: datetime | None = None) -> list[Finding]:
    """The certificates that end next, from the state: no handshake."""
    at = now or datetime.now(UTC)
    done, _ = over_each(
        host.store.apps(), lambda app: slots(host, app)
    )  # what cannot be read is a finding of the doctor
    ends = sorted((days_left(slot.current, at), str(app)) for app, rows in done for slot in rows)
    if not ends:
        return []
    shown = "; ".join(f"{app}: {validity(days)}" for days, app in ends[:SHOWN])
    remedy = "" if level_of(ends[0][0]) == "ok" else "dokkupy doctor says why"
    return [Finding("certificates", level_of(ends[0][0]), f"{len(ends)}; {shown}", remedy)]


def findings_of(host: Host, app: AppName, now: datetime) -> list[Finding]:
    return [
        *(of_stored(app, one, days) for one, days in stored(host, app, now)),
        *unused(host, app),
        *of_others(host, app),
    ]


def stored(host: Host, app: AppName, now: datetime) -> list[tuple[StoredCertificate, float]]:
    """The app's certificates in use, each with the days that it is still valid."""
    return [(slot.current, days_left(slot.current, now)) for slot in slots(host, app)]


def of_stored(app: AppName, one: StoredCertificate, days: float) -> Finding:
    text = f"{app}: the certificate for {', '.join(one.names[:3])} {validity(days)} ({one.origin})"
    if one.origin == "file" and not one.trusted and days >= 0:
        text += "; its chain does not lead to an authority that this host trusts"
    return Finding("certificates", level_of(days), text, remedy(str(app), one, days))


def unused(host: Host, app: AppName) -> Iterator[Finding]:
    """A finding for each certificate by hand that has none of the app's domains."""
    domains = domains_of(host, app)
    for one in (slot.current for slot in slots(host, app)):
        if one.origin == "file" and not any(covers(one.names, domain) for domain in domains):
            yield Finding(
                "certificates",
                "warning",
                f"{app}: the certificate for {', '.join(one.names[:3])} is not served, because the app has no such domain",
                f"dokkupy domains:add {app} {one.names[0]}; or dokkupy certs:remove {app}",
            )


def of_others(host: Host, app: AppName) -> Iterator[Finding]:
    """A finding for each name for which the proxy serves another certificate."""
    for domain, port, one in expectations(host, app):
        served = tls_probe(host, app).served(app, domain, port)
        if served != one.id:
            what = f"another certificate ({served[:16]})" if served else "no certificate"
            yield Finding(
                "certificates",
                "error",
                f"{app}: {what} is served for {domain} on port {port}",
                f"dokkupy proxy:build-config {app}; check whether another site or program uses this port",
            )


def causes(host: Host, app: AppName, now: datetime | None = None) -> Iterator[Cause]:
    """A certificate that has expired, and a name for which another one is served."""
    at = now or datetime.now(UTC)
    expired = [of_stored(app, one, days) for one, days in stored(host, app, at) if days < 0]
    for found in (*expired, *unused(host, app), *of_others(host, app)):
        # A proxy that does not run serves no certificate either, and says so as a fact.
        sure = READ if found.message.partition(": ")[2].startswith("no certificate is served") else FACT
        yield Cause(found.message.partition(": ")[2].capitalize(), (found.remedy,), sure=sure)


def validity(days: float) -> str:
    if days < 0:
        return f"expired {span(-days)} ago"
    return f"is good for {span(days)}"


def span(days: float) -> str:
    return counted(round(days * 24), "hour") if days < 2 else counted(round(days), "day")


def remedy(app: str, one: StoredCertificate, days: float) -> str:
    if level_of(days) == "ok":
        return ""
    if one.origin == "letsencrypt":
        return f"See why it was not renewed: dokkupy letsencrypt:report {app}"
    return f"Replace it: dokkupy certs:update {app} CRT KEY"
