"""Reads the events: the latest ones, and new ones as they are recorded."""

from __future__ import annotations

import os

from dokkupy.host import Host
from dokkupy.kernel.files import stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def latest(host: Host, count: int, app: str | None = None) -> list[dict[str, Any]]:
    """The last events, oldest first. app: only the events of this app, which may no longer exist.

    Lines that a crash or a full disk truncated are skipped.
    """
    rows = of_app(parsed(lines_of(host.events.path)), app)
    if len(rows) < count:  # the file was rotated recently
        rows = of_app(parsed(lines_of(host.events.path + ".1")), app)[len(rows) - count :] + rows
    return rows[max(0, len(rows) - count) :]


def lines_of(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readlines()
    except FileNotFoundError:
        return []


def of_app(rows: list[dict[str, Any]], app: str | None) -> list[dict[str, Any]]:
    """The events of one app, under its current or former names; without one, all events."""
    if not app:
        return rows
    names = {app, f"app:{app}"}
    return [row for row in rows if names & {row.get("app"), row.get("old"), row.get("subject")}]


def seen(host: Host, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of some events, oldest first, that the caller may see: an admin all of them, another key those of its apps. An
    earlier app of the same name was another app."""
    from dokkupy_sdk.access import is_admin, visible_apps

    if is_admin(host):
        return rows
    apps = set(visible_apps(host))
    left: list[tuple[str, dict[str, Any]]] = []
    for row in rows:
        app = str(row.get("app") or row.get("subject", "")).removeprefix("app:")
        ended = {"app_destroyed": app, "app_renamed": row.get("old")}.get(str(row.get("event")))
        if ended in apps:
            left = [one for one in left if one[0] != ended]
        if app in apps and app != ended:
            left.append((app, {key: value for key, value in row.items() if key != "old" or value in apps}))
    return [row for _, row in left]


def parsed(lines: list[str]) -> list[dict[str, Any]]:
    import json

    rows = []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows


class Tail:
    """New events from now on, across rotations of the file."""

    def __init__(self, host: Host) -> None:
        self.path = host.events.path
        try:
            self.offset = os.stat(self.path).st_size
        except FileNotFoundError:
            self.offset = 0

    def fresh(self) -> list[dict[str, Any]]:
        """The events since the last call."""
        try:
            with open(self.path, "rb") as file:
                if os.fstat(file.fileno()).st_size < self.offset:
                    self.offset = 0  # the log was rotated
                file.seek(self.offset)
                whole = [line for line in file.readlines() if line.endswith(b"\n")]
        except FileNotFoundError:
            return []
        self.offset += sum(map(len, whole))
        return parsed([line.decode(errors="replace") for line in whole])


def recent(host: Host, size: int = 1024 * 1024) -> list[dict[str, Any]]:
    """The events in the last `size` bytes of their file, oldest first."""
    try:
        with open(host.events.path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - size))
            return parsed([line.decode(errors="replace") for line in file.readlines()])
    except FileNotFoundError:
        return []


__all__ = ["Tail", "latest", "of_app", "recent", "stamp"]
