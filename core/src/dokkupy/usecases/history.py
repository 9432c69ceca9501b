"""Reading the events: the latest, and those that come."""

from __future__ import annotations

import json
import os
import time

from dokkupy.kernel.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def latest(host: Host, count: int) -> list[dict[str, Any]]:
    """The last events, oldest first. A line that a crash or a full disk cut off is left out."""
    try:
        with open(host.events.path, encoding="utf-8", errors="replace") as file:
            return parsed(file.readlines()[-count:])
    except FileNotFoundError:
        return []


def parsed(lines: list[str]) -> list[dict[str, Any]]:
    rows = []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


def told(row: dict[str, Any]) -> str:
    """An event as a line."""
    facts = (f"{key}={value}" for key, value in row.items() if key not in ("time", "event") and value)
    return " ".join([str(row.get("time", "?")), str(row.get("event", "?")), *facts])


def follow(host: Host, rows: list[dict[str, Any]], *, pause: float = 0.5) -> Iterator[str]:
    """The lines of these events and of all that follow, across a rotation; ends only with its reader."""
    try:
        place = os.stat(host.events.path).st_size
    except FileNotFoundError:
        place = 0
    yield from map(told, rows)
    while True:
        try:
            with open(host.events.path, encoding="utf-8", errors="replace") as file:
                if os.fstat(file.fileno()).st_size < place:
                    place = 0  # the log was rotated
                file.seek(place)
                fresh = [line for line in file.readlines() if line.endswith("\n")]
            place += sum(len(line.encode()) for line in fresh)
        except FileNotFoundError:
            fresh = []
        yield from map(told, parsed(fresh))
        time.sleep(pause)
