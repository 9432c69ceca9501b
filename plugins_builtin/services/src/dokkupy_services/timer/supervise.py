"""Supervise services: the timer detects and reports that a server ended, and starts it again (`maintenance`).

As with apps, a minute in which nothing happened takes only one list of containers from the engine.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from dokkupy_host.supervise.crashes import announce, crash_of, last_lines
from dokkupy_host.supervise.watched import Watched, describe, has_ended, judged
from dokkupy_sdk import Host
from dokkupy_sdk.locks import holder
from dokkupy_sdk.records import Record
from dokkupy_sdk.roles import Container

from dokkupy_services import records
from dokkupy_services.lifecycle.container import without_secrets
from dokkupy_services.lifecycle.service import RUNNING
from dokkupy_services.model import Service

SLACK = 5
"""Seconds by which the engine's rounding and a late timer may differ."""

REMEMBERED = 300
"""The number of seconds before the last check for which ends of containers are read again."""


class CrashesFile(Record, file="global/service-crashes"):
    """The result of the timer's last check. looked: its time, in epoch seconds. watched: service id -> the state of its
    server."""

    looked: float | None = None
    watched: Mapping[str, Watched] = {}


def look_at_all(host: Host, services: Sequence[Service], listed: Mapping[str, Container], now: float) -> None:
    """Report the servers that crashed since the last check. listed: name -> container of the engine."""
    record = host.store.load_derived(CrashesFile)
    since = now if record.looked is None else min(record.looked, now)  # later than now: the clock was set back
    before = record.watched
    after: dict[str, Watched] = {}
    for service in services:
        known = before.get(service.id, Watched())
        if service.state != RUNNING:
            continue
        found = listed.get(service.container)
        is_steady = found is not None and found.state == "running" and found.up_seconds >= now - since + SLACK
        if (is_steady and known.is_quiet) or holder(host.root, records.subject(service.kind, service.name)):
            after[service.id] = known  # servers that an operation stops and starts have not crashed
        else:
            after[service.id] = look_at(host, service, known, since, now)
    kept = {one: value for one, value in after.items() if value != Watched()}
    host.store.save(CrashesFile(looked=now, watched=kept))


def look_at(host: Host, service: Service, before: Watched, since: float, now: float) -> Watched:
    containers = host.containers()
    seen = containers.find(service.container) or Container("", service.container, "", "missing")
    endings = containers.endings(since - REMEMBERED).get(seen.id, ()) if has_ended(before, seen) else ()
    after, has_crashed = judged(before, seen, endings, now)
    if has_crashed:
        lines = [without_secrets(service, line) for line in last_lines(host.sessions().logs, seen.id)]
        announce(host, crash_of(after, service.subject, service.container, lines))
    return after


def watched(host: Host) -> Mapping[str, Watched]:
    """Service id -> the state of its server at the last check."""
    return host.store.load_derived(CrashesFile).watched


def described(service: Service, state: str, known: Mapping[str, Watched]) -> str:
    """A service's state as text, with what the timer has recorded."""
    return describe(state, known.get(service.id), time.time())
