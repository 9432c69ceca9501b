"""Which apps have certificates of an authority, when they are renewed, and what became of the last try.

`state` in the table `apps/APP/letsencrypt.toml`, beside the properties: enabled; asked, the names of the last order;
left-out, those of them that did not lead here; with, the settings that it was got with; failures since then, last-error
and next-try.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from dokkupy_sdk import Host
from dokkupy_sdk.certificates import Slot, changing, install, remove, slot_of, trusted_bundle
from dokkupy_sdk.errors import DokkupyError, HostFault, UserError
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.operation import Tx, operation
from dokkupy_sdk.routes import domains_of

from dokkupy_letsencrypt.certbot import Certbot, Order
from dokkupy_letsencrypt.reach import unreachable
from dokkupy_letsencrypt.settings import SETTINGS, directory_of

SLOT = "letsencrypt"
TABLE = "letsencrypt"
MOST_NAMES = 100
"""Of one certificate (https://letsencrypt.org/docs/rate-limits/)."""

TROUBLE = ("failures", "last-error", "next-try")
"""What is kept of tries that failed; a certificate that will do makes it past."""

FIRST_PAUSE = 3600
LONGEST_PAUSE = 86400
"""Seconds between tries that fail: doubled each time. Let's Encrypt allows five failures an hour and name."""

Now = Callable[[], datetime]


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Status:
    """Of one app. due: when it is renewed, None without a certificate; reason: why it is due at once, else empty."""

    enabled: bool
    slot: Slot | None
    due: datetime | None
    reason: str
    failures: int
    last_error: str
    next_try: datetime | None


def read(host: Host, app: AppName) -> dict[str, Any]:
    return dict(host.store.read("apps", app, TABLE).get("state", {}))


def keep(tx: Tx, app: AppName, state: dict[str, Any]) -> None:
    tx.write("apps", app, TABLE, data={**tx.host.store.read("apps", app, TABLE), "state": state})


def wanted_names(host: Host, app: AppName) -> list[Domain]:
    """The app's names that can be in a certificate; wildcards only by DNS."""
    names = [domain for domain in domains_of(host, app) if domain != "_"]
    return names if by_dns(host, app) else [name for name in names if not name.startswith("*.")]


def by_dns(host: Host, app: AppName) -> bool:
    return SETTINGS.get(host.store, app, "dns-provider") not in ("", "none")


def got_with(host: Host, app: AppName) -> dict[str, str]:
    """What a certificate depends on beside its names: a change of it is a reason to get another."""
    store = host.store
    return {
        "server": directory_of(SETTINGS.get(store, app, "server")),
        "key-type": SETTINGS.get(store, app, "key-type"),
    }


def status(host: Host, app: AppName) -> Status:
    table, slot = read(host, app), slot_of(host, app, SLOT)
    due = due_at(host, app, slot) if slot else None
    next_try = datetime.fromisoformat(table["next-try"]) if table.get("next-try") else None
    return Status(
        bool(table.get("enabled")), slot, due, reason_of(host, app, table, slot), int(table.get("failures", 0)),
        str(table.get("last-error", "")), next_try,
    )  # fmt: skip


def due_at(host: Host, app: AppName, slot: Slot) -> datetime:
    """Before its end by the graceperiod, at most a third of its life; spread, so that not all apps come at once."""
    start, end = (datetime.fromisoformat(text) for text in (slot.current.not_before, slot.current.not_after))
    grace = min(timedelta(seconds=int(SETTINGS.get(host.store, app, "graceperiod"))), (end - start) / 3)
    share = int.from_bytes(hashlib.sha256(app.encode()).digest()[:4]) / 2**32
    return end - grace - grace * share / 10


def reason_of(host: Host, app: AppName, table: dict[str, Any], slot: Slot | None) -> str:
    """Why a new certificate is needed whatever the date, empty for no reason."""
    if slot is None:
        return "there is none"
    if sorted(table.get("asked", ())) != sorted(wanted_names(host, app)):
        return "the names changed"
    if table.get("with") != got_with(host, app):
        return "the settings changed"
    return ""


def enable(host: Host, app: AppName, *, force: bool = False, clock: Now = now) -> bool:
    """Get a certificate for the app's names unless it has one that will do. Returns whether one was got."""
    host.store.need_app(app)
    found = status(host, app)
    if found.slot and not found.reason and found.due and clock() < found.due and not force:
        with operation(host, "letsencrypt:enable", f"app:{app}") as tx:
            good = {key: value for key, value in read(host, app).items() if key not in TROUBLE}
            keep(tx, app, {**good, "enabled": True})
        return False
    names = wanted_names(host, app)
    if not names:
        raise UserError(f"{app} has no names that a certificate could be for", hint=f"domains:add {app} NAME")
    if len(names) > MOST_NAMES:
        raise UserError(f"{app} has {len(names)} names: a certificate has at most {MOST_NAMES}")
    words = f"ask {got_with(host, app)['server']} for a certificate for {', '.join(names)}, and serve it"
    host.act(words, partial(attempt, host, app, names, clock))
    return True


def attempt(host: Host, app: AppName, names: Sequence[Domain], clock: Now) -> None:
    try:
        obtain(host, app, names)
    except DokkupyError as error:
        note_failure(host, app, error, clock())
        raise


def obtain(host: Host, app: AppName, names: Sequence[Domain]) -> None:
    from dokkupy_sdk.x509 import covers, read_pair

    # By DNS it does not matter whether a name leads here.
    lost = {} if by_dns(host, app) else unreachable(host, app, names)
    for name in domains_of(host, app):
        if name.startswith("*.") and name not in names:
            host.out.warn(f"{name} is left out: wildcards need DNS (letsencrypt:set {app} dns-provider PROVIDER)")
    for name, reason in lost.items():
        host.out.warn(f"{name} is left out: {reason}")
    asked = [name for name in names if name not in lost]
    if not asked:
        reasons = tuple(f"{name}: {reason}" for name, reason in lost.items())
        raise HostFault(
            f"No certificate for {app}: none of its names leads here", details=reasons, code="acme",
            hint="Make their DNS records point to this host, then: letsencrypt:enable " + app,
        )  # fmt: skip
    host.out.section(f"Asking {got_with(host, app)['server']} for {', '.join(asked)}")
    chain, key = Certbot(host).issue(Order(app, tuple(asked)))
    pair = read_pair(chain, key, bundle=trusted_bundle(), incomplete=True)
    missing = [name for name in asked if not covers(pair.facts.names, name)]
    if missing:
        raise HostFault(f"The authority's certificate for {app} does not have the names {', '.join(missing)}")
    with changing(host, "letsencrypt:enable", app) as tx:
        install(tx, app, pair, slot=SLOT, origin=SLOT)
        keep(tx, app, {
            "enabled": True, "asked": [str(name) for name in names], "left-out": [str(name) for name in lost],
            "with": got_with(host, app),
        })  # fmt: skip
    host.out.section(f"Certificate for {', '.join(asked)} is served until {pair.facts.not_after:%Y-%m-%d %H:%M} UTC")


def note_failure(host: Host, app: AppName, error: DokkupyError, at: datetime) -> None:
    """When to try again. What is served stays as it is."""
    table = read(host, app)
    failures = int(table.get("failures", 0)) + 1
    pause = min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE)
    words = " ".join([error.message, *error.details[-3:]])[:1000]
    with operation(host, "letsencrypt:enable", f"app:{app}") as tx:
        next_try = (at + timedelta(seconds=pause)).isoformat(timespec="seconds")
        keep(tx, app, {**table, "failures": failures, "last-error": words, "next-try": next_try})


def disable(host: Host, app: AppName) -> None:
    """The certificate goes, and is not renewed."""
    host.store.need_app(app)
    with changing(host, "letsencrypt:disable", app) as tx:
        if slot_of(host, app, SLOT):
            remove(tx, app, SLOT)
        keep(tx, app, {})


def renew_due(host: Host, *, clock: Now = now) -> list[str]:
    """Renew what is due; for `tick`. One app's failure is noted and stops nobody else's."""
    done = []
    for app in host.store.apps():
        found = status(host, app)
        if not found.enabled or (found.next_try and clock() < found.next_try):
            continue
        if not found.reason and found.due and clock() < found.due:
            continue
        try:
            enable(host, app, force=True, clock=clock)
            done.append(f"{app}: renewed")
        except DokkupyError as error:
            host.out.warn(f"{app}: {error.message}")
            done.append(f"{app}: {error.message}")
    return done


def tick(host: Host) -> None:
    renew_due(host)
