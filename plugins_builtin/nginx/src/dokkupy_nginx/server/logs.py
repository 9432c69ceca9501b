"""Reads a log file: its last lines, and new lines even after a rotation."""

from __future__ import annotations

import os
import re

from dokkupy_sdk.errors import HostError, NotFound
from dokkupy_sdk.execute import reader_leaves

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

LINES = 100
CHUNK = 64 * 1024
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def opened(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise NotFound(f"{path} does not exist", hint="nginx creates it at the first request to the app.") from None
    except PermissionError:
        raise HostError(f"{path} cannot be read by this user", hint="Run: sudo dokkupy setup") from None


def harmless(line: bytes) -> str:
    """Remove control characters, because a client chose part of this text."""
    return CONTROL.sub("", line.decode(errors="replace").rstrip("\r\n"))


def last_lines(path: str, count: int = LINES, *, start: int = 0) -> list[str]:
    """The last lines. start: the offset from which the file is read."""
    with opened(path) as file:
        position = file.seek(0, os.SEEK_END)
        data = b""
        while position > start and data.count(b"\n") <= count:
            size = min(CHUNK, position - start)
            position -= size
            file.seek(position)
            data = file.read(size) + data
    return [harmless(line) for line in data.splitlines()[-count:]] if count else []


def every_line(path: str, *, start: int = 0) -> Iterator[str]:
    """start: the offset from which the file is read."""
    with opened(path) as file:
        file.seek(start)
        for line in file:
            yield harmless(line)


def follow_lines(path: str, *, count: int = 10, start: int = 0, poll: float = 0.25) -> Iterator[str]:
    """The last lines of the file, then each new line, until the reader disconnects."""
    yield from last_lines(path, count, start=start)
    file = opened(path)
    try:
        file.seek(0, os.SEEK_END)
        rest = b""
        while True:
            data = file.read(CHUNK)
            if data:
                *lines, rest = (rest + data).split(b"\n")
                yield from (harmless(line) for line in lines)
                continue
            if reader_leaves(1, poll):
                return
            if was_replaced(file, path):
                file.close()
                file = opened(path)
    finally:
        file.close()


def was_replaced(file: BinaryIO, path: str) -> bool:
    try:
        now, then = os.stat(path), os.fstat(file.fileno())
    except FileNotFoundError:
        return False
    return now.st_ino != then.st_ino or now.st_size < file.tell()
