"""The role access log: what nginx recorded of an app's requests. nginx's format `combined`, and three fields behind it."""

from __future__ import annotations

import os
import re
import time

from dokkupy_sdk.access_log import AccessLog, Traffic
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dokkupy_sdk import Host

    from dokkupy_nginx.layout import Layout

TAIL = re.compile(rb'" (\d{3}) \d+ "[^"]*" "[^"]*" (\d+\.\d+) (\d+\.\d+) ([^"]+)$')

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
        rows = [TAIL.search(line) for line in whole_lines(data) if not is_own(line)]
        return traffic(row.groups() for row in rows if row) if all(rows) else None

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
            row = TAIL.search(line)
            if row is None:
                break
            seen = True
            if float(row[2]) < start:
                break
            rows.append(row.groups())
        return traffic(rows) if seen or not data else None


def whole_lines(data: bytes) -> list[bytes]:
    """The lines that nginx has written completely."""
    return data[: data.rfind(b"\n") + 1].splitlines()


def is_own(line: bytes) -> bool:
    """Whether it is a request by which dokkupy looked at what is served."""
    return line.startswith(b"127.0.0.1 ") and b'" "dokkupy" ' in line


def traffic(rows: Iterable[Sequence[bytes]]) -> Traffic:
    """rows: status, time, duration, time of the instance's header of each request. Pure."""
    took: list[float] = []
    lost = 0
    for status, _, duration, header in rows:
        took.append(float(duration))
        lost += status in PROXY_ERRORS and header.rsplit(b" ", 1)[-1] == b"-"
    took.sort()
    return Traffic(len(took), lost, took[min(len(took) - 1, len(took) * 95 // 100)] if took else None)
