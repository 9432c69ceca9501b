"""The role access log: what nginx recorded of an app's requests, in the formats of `render.log_format`."""

from __future__ import annotations

import os
import re
import time

from dokkupy_sdk.access_log import AccessLog, Traffic
from dokkupy_sdk.names import AppName
from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk import Host

    from dokkupy_nginx.layout import Layout

TAIL = re.compile(
    rb'\[([^]"]{26})\] "[^"]*" (\d{3}) \d+ "[^"]*" "[^"]*" '
    rb"(?:(?P<brief>\d+\.\d+)(?P<lost> -)?|\d+\.\d+ (?P<took>\d+\.\d+) (?P<header>[^\"]+))$"
)
MONTHS = b"JanFebMarAprMayJunJulAugSepOctNovDec"

PROXY_ERRORS = (b"502", b"504")
"""What nginx answers when no instance did. Such an answer of an instance has the time of its header."""

MOST = 512 * 1024
"""Bytes that are read of a log's end."""


class NginxAccessLog(AccessLog):
    def __init__(self, host: Host, layout: Layout | None = None) -> None:
        """layout: of an nginx that is not the host's; by default the layout of the host's adapter."""
        self.host = host
        self.layout = layout

    def path(self, app: AppName) -> str:
        """The file of the app's access log; empty if it is off."""
        from dokkupy_nginx.settings import LOGS, SETTINGS

        found = SETTINGS.get(self.host.store, app, "access-log-path")
        layout = self.layout or self.host.role("proxy", "nginx").layout
        return layout.logs + found.removeprefix(LOGS) if found != "off" else ""

    def mark(self, app: AppName) -> str:
        path = self.path(app)
        if not path:
            return ""
        try:
            found = os.stat(path)
        except FileNotFoundError:
            return "0:0"
        return f"{found.st_ino}:{found.st_size}"

    def since(self, app: AppName, mark: str) -> Traffic | None:
        inode, _, size = mark.partition(":")
        try:
            with open(self.path(app), "rb") as file:
                found = os.fstat(file.fileno())
                if (inode != "0" and int(inode) != found.st_ino) or found.st_size < int(size):
                    return None
                if found.st_size - int(size) > MOST:
                    return None
                file.seek(int(size))
                data = file.read(MOST)
        except FileNotFoundError:
            return Traffic(0, 0) if inode == "0" else None
        except (OSError, ValueError):
            return None
        rows = [row_of(line) for line in whole_lines(data) if not is_own(line)]
        return traffic(row for row in rows if row) if all(rows) else None

    def recent(self, app: AppName, seconds: float) -> Traffic | None:
        path = self.path(app)
        try:
            with open(path, "rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - MOST))
                data = file.read(MOST)
        except OSError:
            return Traffic(0, 0) if path and not os.path.exists(path) else None
        start, rows, seen = time.time() - seconds, [], False
        for line in reversed(whole_lines(data)):
            if is_own(line):
                continue
            row = row_of(line)
            if row is None:
                break
            seen = True
            if epoch(row.at) < start:
                break
            rows.append(row)
        return traffic(rows) if seen or not data else None


def whole_lines(data: bytes) -> list[bytes]:
    """The lines that nginx has written completely."""
    return data[: data.rfind(b"\n") + 1].splitlines()


def is_own(line: bytes) -> bool:
    """Whether it is a request by which dokkupy looked at what is served."""
    return line.startswith(b"127.0.0.1 ") and b'" "dokkupy" ' in line


@dataclass(frozen=True, slots=True)
class Row:
    """A request. at: when it ended, as in the log. took: seconds. lost: whether no instance answered."""

    at: bytes
    took: float
    lost: bool


def row_of(line: bytes) -> Row | None:
    """None for a line in another format."""
    found = TAIL.search(line)
    if found is None:
        return None
    at, status, brief, mark, took, header = found.groups()
    lost = mark is not None if header is None else header.rsplit(b" ", 1)[-1] == b"-"
    return Row(at, float(brief or took), lost and status in PROXY_ERRORS)


def epoch(at: bytes) -> int:
    """`30/Nov/2026:08:33:36 +0000` as seconds since 1970, without the import of `datetime` that `ps` would wait for. The
    formula for days is http://howardhinnant.github.io/date_algorithms.html#days_from_civil."""
    day, month, year = int(at[:2]), MONTHS.index(at[3:6]) // 3 + 1, int(at[7:11])
    year -= month <= 2
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 719469
    zone = (int(at[22:24]) * 60 + int(at[24:26])) * (-60 if at[21:22] == b"-" else 60)
    return days * 86400 + int(at[12:14]) * 3600 + int(at[15:17]) * 60 + int(at[18:20]) - zone


def traffic(rows: Iterable[Row]) -> Traffic:
    rows = tuple(rows)
    took, lost = sorted(row.took for row in rows), sum(row.lost for row in rows)
    return Traffic(len(took), lost, took[min(len(took) - 1, len(took) * 95 // 100)] if took else None)
