"""Which apps have certificates from an authority, when they are renewed, and the results of the last attempts.

In `apps/APP/letsencrypt.toml`, beside the properties.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from dokkupy_apps.desired.domains import domains_of
from dokkupy_certs.certificates import Slot, slots, uncovered
from dokkupy_sdk import Host
from dokkupy_sdk.backoff import is_waiting
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.operation import Transaction
from dokkupy_sdk.records import Record
from dokkupy_sdk.values import dataclass

from dokkupy_letsencrypt.order.parts import SLOT, Part, divide
from dokkupy_letsencrypt.settings import SETTINGS, directory_of

LONGEST_WAIT = 32 * 86400
"""Seconds for which an authority may ask not to be asked again: Let's Encrypt's longest limit lasts a week."""


class Retry(Record):
    """Of tries that failed since the last certificate; one that will do makes it past. next_try: not by itself before then;
    limited_until: before then the authority does not want to be asked; used: the settings that were tried with."""

    failures: int = 0
    last_error: str = ""
    next_try: str = ""
    limited_until: str = ""
    used: Mapping[str, str] = {}


class PartRecord(Record):
    """Of one certificate. asked: the names of the last order; left_out: those of them that did not point to this host; used: the
    settings that it was got with."""

    asked: tuple[Domain, ...] = ()
    left_out: tuple[Domain, ...] = ()
    used: Mapping[str, str] = {}
    retry: Retry = Retry()


class Automatic(Record):
    """What `letsencrypt:enable` has stored for an app. parts: by slot."""

    enabled: bool = False
    parts: Mapping[str, PartRecord] = {}


class LetsencryptFile(Record, file="apps/*/letsencrypt"):
    """The app's certificates from an authority."""

    state: Automatic = Automatic()


@dataclass(frozen=True, slots=True)
class PartStatus:
    """Of one certificate. due: when it is renewed, None without one; reason: why it is due at once, else empty.
    next_try: not by itself before then; limited_until: not by hand either."""

    part: Part
    slot: Slot | None
    due: datetime | None
    reason: str
    failures: int
    last_error: str
    next_try: datetime | None
    limited_until: datetime | None

    def needed(self, now: datetime) -> bool:
        return bool(self.reason) or self.due is None or now >= self.due

    def limited(self, now: datetime) -> bool:
        return is_ahead(self.limited_until, now)

    def waiting(self, now: datetime) -> bool:
        return self.limited(now) or is_ahead(self.next_try, now)


def is_ahead(time: datetime | None, now: datetime) -> bool:
    """Whether to wait until this time, which is not so far away that the host's clock must have been ahead."""
    return time is not None and is_waiting(time.timestamp(), now.timestamp(), longest=LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Status:
    """Of one app. stale: slots whose names have another certificate by now, or are not the app's any more."""

    enabled: bool
    parts: tuple[PartStatus, ...]
    stale: tuple[str, ...]
    kept: tuple[Slot, ...]

    @property
    def slot(self) -> Slot | None:
        return next((one.slot for one in self.parts if one.slot), self.kept[0] if self.kept else None)

    @property
    def due(self) -> datetime | None:
        return min((one.due for one in self.parts if one.due), default=None)

    @property
    def reason(self) -> str:
        return next((one.reason for one in self.parts if one.reason), "")

    @property
    def failures(self) -> int:
        return max((one.failures for one in self.parts), default=0)

    @property
    def last_error(self) -> str:
        return "; ".join(dict.fromkeys(one.last_error for one in self.parts if one.last_error))

    @property
    def next_try(self) -> datetime | None:
        return min((one.next_try for one in self.parts if one.next_try), default=None)

    @property
    def limited_until(self) -> datetime | None:
        return max((one.limited_until for one in self.parts if one.limited_until), default=None)


def read(host: Host, app: AppName) -> Automatic:
    return host.store.load(LetsencryptFile, app).state


def keep(tx: Transaction, app: AppName, state: Automatic) -> None:
    tx.save(tx.host.store.load(LetsencryptFile, app).replace(state=state), app)


def keep_part(tx: Transaction, app: AppName, slot: str, part: PartRecord, *, enabled: bool | None = None) -> None:
    """enabled: None does not change it."""
    state = read(tx.host, app)
    on = state.enabled if enabled is None else enabled
    keep(tx, app, Automatic(enabled=on, parts={**state.parts, slot: part}))


def part_record(host: Host, app: AppName, slot: str) -> PartRecord:
    return read(host, app).parts.get(slot, PartRecord())


def wanted_names(host: Host, app: AppName) -> list[Domain]:
    """The app's names that can be in a certificate. Wildcards require DNS validation."""
    names = [domain for domain in domains_of(host, app) if domain != "_"]
    return names if by_dns(host, app) else [name for name in names if not name.startswith("*.")]


def by_dns(host: Host, app: AppName) -> bool:
    return SETTINGS.get(host.store, app, "dns-provider") not in ("", "none")


def got_with(host: Host, app: AppName) -> dict[str, str]:
    """The settings on which a certificate depends besides its names. If they change, a new one is ordered."""
    store = host.store
    return {
        "server": directory_of(SETTINGS.get(store, app, "server")),
        "key-type": SETTINGS.get(store, app, "key-type"),
    }


def parts_of(host: Host, app: AppName) -> list[Part]:
    before = {slot: part.asked for slot, part in read(host, app).parts.items()}
    each = SETTINGS.get(host.store, app, "certificates") == "each"
    return divide(wanted_names(host, app), each=each, before=before)


def ours(host: Host, app: AppName) -> list[Slot]:
    return [slot for slot in slots(host, app) if slot.current.origin == SLOT]


def status(host: Host, app: AppName) -> Status:
    state, kept = read(host, app), ours(host, app)
    by_name = {slot.name: slot for slot in kept}
    used, grace = got_with(host, app), timedelta(seconds=int(SETTINGS.get(host.store, app, "graceperiod")))
    parts = []
    for part in parts_of(host, app):
        record, slot = state.parts.get(part.slot, PartRecord()), by_name.get(part.slot)
        due = due_at(app, slot, grace) if slot else None
        parts.append(part_status(part, slot, due, record, used))
    return Status(state.enabled, tuple(parts), stale_of(host, app, parts), tuple(kept))


def part_status(
    part: Part, slot: Slot | None, due: datetime | None, record: PartRecord, used: dict[str, str]
) -> PartStatus:
    # If the settings have changed since, someone has fixed a fault or selected another authority.
    retry = record.retry
    same = retry.used == used
    return PartStatus(
        part,
        slot,
        due,
        reason_of(part, record, slot, used),
        retry.failures,
        retry.last_error,
        time_of(retry.next_try) if same else None,
        time_of(retry.limited_until) if same else None,
    )


def time_of(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def due_at(app: AppName, slot: Slot, grace: timedelta) -> datetime:
    """The time of renewal: `graceperiod` before its end, but at most a third of its lifetime, with some spread among
    apps."""
    start, end = (datetime.fromisoformat(text) for text in (slot.current.not_before, slot.current.not_after))
    grace = min(grace, (end - start) / 3)
    seed = app if slot.name == SLOT else f"{app} {slot.name}"
    share = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4]) / 2**32
    return end - grace - grace * share / 10


def reason_of(part: Part, record: PartRecord, slot: Slot | None, used: dict[str, str]) -> str:
    """Why a new certificate is required regardless of the date; empty if it is not."""
    if slot is None:
        return "there is none"
    if sorted(record.asked) != sorted(part.names):
        return "the names changed"
    if record.used != used:
        return "the settings changed"
    return ""


def stale_of(host: Host, app: AppName, parts: list[PartStatus]) -> tuple[str, ...]:
    """Slots that can be removed, because each of the app's names in them has another certificate."""
    current = {one.part.slot for one in parts}
    rest = [slot for slot in slots(host, app) if slot.current.origin != SLOT or slot.name in current]
    bare = set(uncovered(host, app, tuple(name for slot in rest for name in slot.current.names)))
    return tuple(
        slot.name
        for slot in ours(host, app)
        if slot.name not in current and not bare - set(uncovered(host, app, slot.current.names))
    )


def now() -> datetime:
    return datetime.now(UTC)
