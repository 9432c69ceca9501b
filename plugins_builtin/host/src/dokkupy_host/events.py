"""`events`: what happened on this host."""

from __future__ import annotations

import sys
import time

from dokkupy_sdk.access import is_admin
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, harmless
from dokkupy_sdk.events import Tail, latest, of_app, seen
from dokkupy_sdk.lines import one_line
from dokkupy_sdk.names import AppName, Count
from dokkupy_sdk.table import Column, listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

MOST = 1_000_000

COLUMNS = (Column("WHEN"), Column("EVENT"), Column("APP", optional=1), Column("WHAT", wraps=True))

group = Group("events", "Show what happened on this host", bare="")


@group.command("", permission="app:read")
def events(
    host: Host,
    app: Annotated[AppName | None, Arg("app", "Only events of this app, which may have been destroyed")] = None,
    *,
    num: Annotated[Count, Opt("--num", "-n", help="Number of entries")] = 100,
    tail: Annotated[bool, Opt("--tail", "-t", help="Follow: print new events as they arrive")] = False,
) -> CommandResult:
    """Show the latest events, of one app or of all that the caller may see.

    events blog
    events --tail
    """
    rows = shown_to(host, num, app)
    if tail:
        for line in follow(host, rows, app):
            sys.stdout.write(harmless(line) + "\n")
            sys.stdout.flush()
        return CommandResult(rows)
    now = time.time()
    return listing(
        rows,
        COLUMNS,
        [event_cells(row, now) for row in rows],
        elsewhere=["", *map(line_of, rows)],
        empty="Nothing has happened yet" if is_admin(host) else "Nothing has happened yet to your apps",
    )


def shown_to(host: Host, num: int, app: str | None = None) -> list[dict[str, Any]]:
    """The latest events that the caller may see."""
    if is_admin(host):
        return latest(host, num, app)
    rows = seen(host, latest(host, MOST, app))
    return rows[max(0, len(rows) - num) :]


def event_cells(row: Mapping[str, Any], now: float, terminal: bool | None = None) -> tuple[str, ...]:
    from dokkupy_sdk.lines import when

    facts = facts_of(row, ("time", "event", "app"))
    name = str(row.get("event", "?")).replace("_", " ")
    return when(str(row.get("time", "?")), now, terminal), name, str(row.get("app", "")), facts


ALWAYS = "Events are always recorded"


@group.command("list", permission="app:read")
def list_kinds(host: Host) -> CommandResult:
    """List the kinds of recorded events, and how often each happened."""
    from collections import Counter

    counts = Counter(str(row.get("event", "?")) for row in shown_to(host, MOST))
    rows = [{"event": event, "count": count} for event, count in sorted(counts.items())]
    return CommandResult(rows, [harmless(f"{row['event']} {row['count']}") for row in rows], header="Recorded events")


@group.command("on", permission="host:read")
def turn_on(host: Host) -> CommandResult:
    """Do nothing: events are always recorded. For scripts written for Dokku."""
    return CommandResult({"recorded": True}, [f"-----> {ALWAYS}"])


@group.command("off", permission="host:read")
def turn_off(host: Host) -> CommandResult:
    """Do nothing but warn: events cannot be turned off. For scripts written for Dokku."""
    host.out.warn(f"{ALWAYS}: they explain a crash or a late backup")
    return CommandResult({"recorded": True})


LONGEST = 100
"""Characters of the last line of a text that an event has; `--format json` has all of it."""


def line_of(row: Mapping[str, Any]) -> str:
    """An event as one line: of what a crashed process printed, the last line."""
    facts = facts_of(row, ("time", "event"))
    return " ".join([str(row.get("time", "?")), str(row.get("event", "?")), *([facts] if facts else [])])


def facts_of(row: Mapping[str, Any], but: tuple[str, ...]) -> str:
    return " ".join(
        f"{key}={value_of(key, str(value).splitlines())}" for key, value in row.items() if key not in but and value
    )


def value_of(key: str, lines: list[str]) -> str:
    return one_line(lines[-1], LONGEST) if key == "lines" and lines else " | ".join(lines)


def follow(host: Host, rows: list[dict[str, Any]], app: str | None = None, *, pause: float = 0.5) -> Iterator[str]:
    """The lines of these events and of all later ones (with app: only of this app); ends only when its reader
    disconnects."""
    from dokkupy_sdk.execute import reader_leaves

    tail = Tail(host)
    yield from map(line_of, rows)
    yield from map(line_of, seen(host, of_app(tail.fresh(), app)))
    while not reader_leaves(1, pause):
        yield from map(line_of, seen(host, of_app(tail.fresh(), app)))
