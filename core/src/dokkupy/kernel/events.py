"""Two records of what happened: events (for people, `dokkupy events`) and the audit (for proof).

The audit is a chain: each line carries the SHA-256 of the line before it, so that a line taken out or changed shows
(`dokkupy doctor` walks it). Arguments are redacted before they come here.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time

from dokkupy.kernel.files import make_directory, open_own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

START = "0" * 64
ROTATE_AT = 16 * 1024 * 1024
SHA256 = "_sha2" if sys.version_info >= (3, 12) else "_sha256"
"""Python's own module with the algorithm, which `hashlib` falls back to."""


class Events:
    """`events.log`: one JSON object a line."""

    def __init__(self, root: str) -> None:
        self.path = os.path.join(root, "logs", "events.log")

    def record(self, event: str, **facts: str) -> None:
        import json

        line = json.dumps({"time": stamp(), "event": event, **facts}) + "\n"
        make_directory(os.path.dirname(self.path))
        fd = open_own(self.path, os.O_WRONLY | os.O_APPEND, 0o640)
        try:
            os.write(fd, line.encode())
            size = os.fstat(fd).st_size
        finally:
            os.close(fd)
        if size > ROTATE_AT:
            os.replace(self.path, self.path + ".1")


class Audit:
    """`audit.log`: time, who, command and outcome of every command, chained."""

    def __init__(self, root: str) -> None:
        self.path = os.path.join(root, "logs", "audit.log")

    def record(self, *, who: str, command: str, status: int) -> None:
        import json

        make_directory(os.path.dirname(self.path))
        fd = open_own(self.path, os.O_RDWR | os.O_APPEND, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            entry = {"time": stamp(), "who": who, "command": command, "status": status, "previous": last_digest(fd)}
            os.write(fd, json.dumps(entry).encode() + b"\n")
        finally:
            os.close(fd)

    def broken_at(self) -> int | None:
        """Number of the first line that does not follow from the one before it; None when the chain is whole."""
        import json

        previous = START
        for number, line in enumerate(self.lines(), 1):
            try:
                if json.loads(line)["previous"] != previous:
                    return number
            except (ValueError, KeyError):
                return number
            previous = digest(line)
        return None

    def lines(self) -> Iterator[bytes]:
        try:
            with open(self.path, "rb") as file:
                yield from file
        except FileNotFoundError:
            return


def last_digest(fd: int) -> str:
    end = os.lseek(fd, 0, os.SEEK_END)
    if end == 0:
        return START
    tail = os.pread(fd, min(end, 65536), max(0, end - 65536))
    return digest(tail.rstrip(b"\n").rpartition(b"\n")[2] + b"\n")


def digest(line: bytes) -> str:
    """The SHA-256 of a line. Not by `hashlib`: that loads OpenSSL, 2 ms for every command."""
    try:
        module = __import__(SHA256)
    except ImportError:  # a Python that was built with OpenSSL's alone
        module = __import__("hashlib")
    return str(module.sha256(line).hexdigest())


def stamp() -> str:
    """The time in UTC, RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
