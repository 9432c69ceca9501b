"""Gets certificates, renews them in time, and handles failures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from dokkupy_certs.certificates import changing, files_of, install, remove, trusted_bundle
from dokkupy_sdk import Host
from dokkupy_sdk.backoff import pause_after
from dokkupy_sdk.errors import AppNotFound, Busy, DokkupyError, HostError, Interrupted, UserError
from dokkupy_sdk.many import messages, over_each, warn_of
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.operation import Transaction, operation
from dokkupy_sdk.text import reason_of

from dokkupy_letsencrypt.acme_errors import FULL, RateLimited, said_until
from dokkupy_letsencrypt.certbot.program import Certbot, Order
from dokkupy_letsencrypt.order.parts import SLOT, Part
from dokkupy_letsencrypt.order.state import (
    Automatic,
    PartRecord,
    PartStatus,
    Retry,
    Status,
    by_dns,
    got_with,
    keep,
    keep_part,
    now,
    ours,
    part_record,
    read,
    status,
    wanted_names,
)
from dokkupy_letsencrypt.settings import SETTINGS
from dokkupy_letsencrypt.validation.reach import unreachable

__all__ = ["SETTINGS", "SLOT", "Status", "disable", "enable", "now", "read", "renew_due", "revoke", "status"]

FIRST_PAUSE = 3600
LONGEST_PAUSE = 86400
"""Seconds after a failed attempt, doubled after each other one. Let's Encrypt allows five failures per hour and name."""

FULL_PAUSE = 60
"""Seconds between attempts while the disk is full, which send no request."""

Now = Callable[[], datetime]


def enable(host: Host, app: AppName, *, force: bool = False, insist: bool = False, clock: Now = now) -> bool:
    """Get certificates for the app's names, unless its current ones suffice. Returns whether it got one.

    force: although there is one. insist: although the authority asked to wait.
    """
    host.store.require_app(app)
    found = status(host, app)
    if not found.parts:
        raise UserError(f"{app} has no domain for a certificate", hint=f"domains:add {app} NAME")
    wanted = [one for one in found.parts if force or one.needed(clock())]
    return get(host, app, wanted, insist=insist, clock=clock)


def get(host: Host, app: AppName, wanted: Iterable[PartStatus], *, insist: bool = False, clock: Now = now) -> bool:
    """Order each part. A failure does not stop the others."""
    got = 0
    failed: dict[str, DokkupyError] = {}
    tell_left_out(host, app)
    for one in wanted:
        try:
            if one.limited(clock()) and not insist:
                raise limited(app, one)
            server, names = got_with(host, app)["server"], ", ".join(one.part.names)
            words = f"ask {server} for a certificate for {names}, and serve it"
            host.act(words, partial(attempt, host, app, one.part, clock))
            got += 1
        except (AppNotFound, Busy, Interrupted):
            raise
        except DokkupyError as error:
            failed[one.part.slot] = error
    record_results(host, app, failed)
    errors = list(failed.values())
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise HostError(
            f"{len(errors)} certificates of {app} could not be obtained",
            details=tuple(error.message for error in errors),
            hint=errors[0].hint,
            code=errors[0].code,
        )
    return got > 0


def tell_left_out(host: Host, app: AppName) -> None:
    from dokkupy_apps.desired.domains import domains_of

    for name in set(domains_of(host, app)) - set(wanted_names(host, app)) - {Domain("_")}:
        host.out.warn(f"{name} is left out: wildcards require DNS (letsencrypt:set {app} dns-provider PROVIDER)")


def limited(app: AppName, one: PartStatus) -> RateLimited:
    return RateLimited(
        f"No certificate for {app}: the authority accepts no requests{said_until(one.limited_until)}",
        until=one.limited_until,
        details=(one.last_error,),
        hint=f"It is asked again then. To ask now: letsencrypt:enable {app} --force; to test:  "
        f"letsencrypt:set {app} server staging",
    )


def attempt(host: Host, app: AppName, part: Part, clock: Now) -> None:
    try:
        obtain(host, app, part)
    except AppNotFound:
        # The app was destroyed during the order.
        with suppress(Busy):
            Certbot(host).forget(app)
        raise
    except (Busy, Interrupted):
        raise
    except DokkupyError as error:
        note_failure(host, app, part, error, clock())
        raise


def obtain(host: Host, app: AppName, part: Part) -> None:
    from dokkupy_certs.x509 import covers, read_pair

    # With DNS validation, a name does not have to point to this host.
    lost = {} if by_dns(host, app) else unreachable(host, app, part.names)
    for name, reason in lost.items():
        host.out.warn(f"{name} is left out: {reason}")
    asked = [name for name in part.names if name not in lost]
    if not asked:
        reasons = tuple(f"{name}: {reason}" for name, reason in lost.items())
        raise HostError(
            f"No certificate for {app}: none of its names points to this host",
            details=reasons,
            code="acme",
            hint="Make their DNS records point to this host, then: letsencrypt:enable " + app,
        )
    used = got_with(host, app)
    host.out.section(f"Requesting a certificate for {', '.join(asked)} from {used['server']}")
    chain, key = Certbot(host).issue(Order(app, tuple(asked), part.lineage(app)))
    pair = read_pair(chain, key, bundle=trusted_bundle(), incomplete=True)
    missing = [name for name in asked if not covers(pair.facts.names, name)]
    if missing:
        raise HostError(
            f"The certificate from the authority for {app} lacks the names {', '.join(missing)}",
            hint=f"Order it again: letsencrypt:enable {app}",
        )
    with changing(host, "letsencrypt:enable", app) as tx:
        install(tx, app, pair, slot=part.slot, origin=SLOT)
        record = PartRecord(asked=part.names, left_out=tuple(lost), used=used)
        keep_part(tx, app, part.slot, record, enabled=True)
    host.out.section(f"Certificate for {', '.join(asked)} is served until {pair.facts.not_after:%Y-%m-%d %H:%M} UTC")


def note_failure(host: Host, app: AppName, part: Part, error: DokkupyError, at: datetime) -> None:
    """Record when to try again. The served certificate does not change."""
    record = part_record(host, app, part.slot)
    failures = record.retry.failures + 1
    pause = FULL_PAUSE if error.code == FULL else pause_after(failures, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
    next_try = at + timedelta(seconds=pause)
    until = error.until if isinstance(error, RateLimited) else None
    next_try = max(next_try, until) if until is not None else next_try
    retry = Retry(
        failures=failures,
        last_error=" ".join([error.message, *error.details[-3:]])[:1000],
        next_try=next_try.isoformat(timespec="seconds"),
        limited_until=until.isoformat(timespec="seconds") if until is not None else "",
        used=got_with(host, app),
    )
    try:
        with operation(host, "letsencrypt:enable", f"app:{app}") as tx:
            keep_part(tx, app, part.slot, record.replace(retry=retry))
    except (DokkupyError, OSError) as second:
        if isinstance(second, Interrupted):
            raise
        # The disk is full. The first error says what to do, and must not be hidden.
        host.out.warn(f"{app}: its failure could not be recorded: {reason_of(second)}")


def record_results(host: Host, app: AppName, failed: Collection[str]) -> None:
    """Clear the failures of slots that have a suitable certificate, and remove unused slots. failed: slots that have just
    failed."""
    found, state = status(host, app), read(host, app)
    current = {one.part.slot: one for one in found.parts}
    kept = {
        slot: part if slot in failed else without_retry(part, current.get(slot))
        for slot, part in state.parts.items()
        if slot in current or (slot not in found.stale and any(slot == one.name for one in found.kept))
    }
    good = any(one.slot for one in found.parts)
    wanted = Automatic(enabled=state.enabled or good, parts=kept)
    if found.stale:
        with changing(host, "letsencrypt:enable", app) as tx:
            for slot in found.stale:
                remove(tx, app, slot)
            keep(tx, app, wanted)
    elif wanted != state:
        with operation(host, "letsencrypt:enable", f"app:{app}") as tx:
            keep(tx, app, wanted)


def without_retry(part: PartRecord, one: PartStatus | None) -> PartRecord:
    if one is None or one.needed(now()) or one.limited(now()):
        return part
    return part.replace(retry=Retry())


def disable(host: Host, app: AppName) -> None:
    """Remove the certificates, and stop renewing them."""
    host.store.require_app(app)
    with changing(host, "letsencrypt:disable", app, takes_away=True) as tx:
        take_away(tx, app)


def take_away(tx: Transaction, app: AppName) -> None:
    for slot in ours(tx.host, app):
        remove(tx, app, slot.name)
    keep(tx, app, Automatic())


def revoke(host: Host, app: AppName) -> None:
    """Revoke the certificates with the authority, and remove them. Raises UserError if there is none."""
    host.store.require_app(app)
    kept = ours(host, app)
    if not kept:
        raise UserError(f"{app} has no certificate of an authority", hint=f"Order one: letsencrypt:enable {app}")
    for slot in kept:
        server = (part_record(host, app, slot.name).used or got_with(host, app))["server"]
        words = f"revoke the certificate for {', '.join(slot.current.names)} at {server}"
        host.act(words, partial(Certbot(host).revoke, app, files_of(host, app, slot.current), server))
    disable(host, app)
    host.act(f"remove what certbot keeps of {app}", partial(Certbot(host).forget, app))


def renew_due(host: Host, apps: Iterable[AppName] | None = None, *, clock: Now = now) -> list[str]:
    """Renew the due certificates of these apps, by default of all, for `tick`. A failure of one app is recorded and does not
    affect the others."""
    done, failed = over_each(host.store.apps() if apps is None else apps, lambda app: renew_app(host, app, clock))
    warn_of(host, failed)
    lines = {app: f"{app}: renewed" for app, renewed in done if renewed}
    lines |= {app: f"{app}: {'; '.join(messages(error))}" for app, error in failed}
    return [lines[app] for app in sorted(lines)]


def renew_app(host: Host, app: AppName, clock: Now) -> bool:
    found = status(host, app)
    if not found.enabled:
        return False
    due = [one for one in found.parts if one.needed(clock()) and not one.waiting(clock())]
    return bool(due or found.stale) and get(host, app, due, clock=clock)


def tick(host: Host) -> None:
    from dokkupy_letsencrypt.order.leftovers import sweep

    renew_due(host)
    sweep(host)
