"""The stored output of removed containers: compressed files in `app-logs/<app>/`, whose names are their index.

A file has up to `CHUNK` bytes of one container's lines, in the order of time. It is written under a temporary name
first, so that a reader never sees an incomplete file, and a crash leaves only a file that the next writer removes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence

from dokkupy_sdk import Host
from dokkupy_sdk.files import make_directory, sync_directory
from dokkupy_sdk.names import AppName
from dokkupy_sdk.values import dataclass

from dokkupy_logs.lines import Line

CHUNK = 4 * 1024 * 1024
"""Bytes of lines in a file before compression: which a reader of the last few lines has to decompress."""

STREAMS = {b"o": "stdout", b"e": "stderr"}

NAME = re.compile(
    r"(?P<first>[0-9TZ:.+-]{10,40})~(?P<last>[0-9TZ:.+-]{10,40})~(?P<kind>[a-z]{1,20})~(?P<dyno>[A-Za-z0-9._-]{1,100})"
    r"~(?P<release>[0-9]{1,9})~(?P<container>[0-9a-f]{12})~(?P<count>[0-9]{1,9})\.gz"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of lines. first, last: the times of its lines. kind: deploy, run, task or cron. release: 0 if the
    container belonged to none. container: the first 12 digits of its id. count: of lines."""

    path: str
    first: str
    last: str
    kind: str
    dyno: str
    release: int
    container: str
    count: int

    @property
    def size(self) -> int:
        """Its size on the disk in bytes."""
        try:
            return os.stat(self.path).st_blocks * 512
        except FileNotFoundError:
            return 0

    def lines(self) -> Iterator[Line]:
        """Its lines. Of a damaged file only those before the damage; none if the file was just removed."""
        import gzip
        import zlib

        try:
            with gzip.open(self.path, "rb") as file:
                for row in file:
                    at, stream, text = row.rstrip(b"\n").split(b" ", 2)
                    yield Line(at.decode(), self.dyno, STREAMS[stream], text)
        except (OSError, EOFError, ValueError, KeyError, zlib.error):
            return

    def mentions(self, text: bytes) -> bool:
        """Whether a line may contain a text, which takes a tenth of the time of reading the lines."""
        import gzip
        import zlib

        try:
            with gzip.open(self.path, "rb") as file:
                return text in file.read()
        except (OSError, EOFError, zlib.error):
            return True  # damaged: `lines` reads what is left


def directory_of(host: Host, app: AppName | str) -> str:
    return host.path("app-logs", app)


def kept_files(host: Host, app: AppName | str) -> list[Kept]:
    """The files of an app, by the time of their first lines."""
    directory = directory_of(host, app)
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return []
    return [one for name in names if (one := kept_of(directory, name)) is not None]


def kept_of(directory: str, name: str) -> Kept | None:
    found = NAME.fullmatch(name)
    if found is None:
        return None
    return Kept(
        os.path.join(directory, name),
        found["first"],
        found["last"],
        found["kind"],
        found["dyno"],
        int(found["release"]),
        found["container"],
        int(found["count"]),
    )


def write(host: Host, app: AppName, kind: str, dyno: str, release: int, container: str, lines: Iterable[Line]) -> None:
    """Store the whole output of a container. Idempotent: the files of an earlier try are replaced."""
    directory, short = directory_of(host, app), container[:12]
    temporary = os.path.join(directory, f"{short}.tmp")
    written: set[str] = set()
    rest = iter(lines)
    while (line := next(rest, None)) is not None:
        make_directory(directory)
        first, last, count = write_chunk(temporary, line, rest)
        path = os.path.join(directory, f"{first}~{last}~{kind}~{dyno}~{release}~{short}~{count}.gz")
        os.replace(temporary, path)
        written.add(path)
    if written:
        sync_directory(directory)
    for one in kept_files(host, app):
        if one.container == short and one.path not in written:
            remove(one)


def write_chunk(path: str, line: Line | None, rest: Iterator[Line]) -> tuple[str, str, int]:
    """Write lines to a file until it is full: the times of the first and last, and their number."""
    import gzip

    assert line is not None
    first = last = line.at
    count = size = 0
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
    with open(fd, "wb") as file:
        with gzip.GzipFile("", "wb", 5, file, mtime=0) as packed:
            while line is not None:
                size += packed.write(b"%s %s %s\n" % (line.at.encode(), line.stream[3:4].encode(), line.text))
                last, count = max(last, line.at), count + 1
                line = next(rest, None) if size < CHUNK else None
        file.flush()
        os.fsync(fd)
    return first, last, count


def prune(host: Host, app: AppName, *, size: int | None, since: str) -> list[Kept]:
    """Remove files older than `since`, then the oldest ones beyond `size` bytes; returns what was removed. Lines of one-off
    containers have their own limit, so that a task that runs every minute does not displace lines of instances."""
    files = kept_files(host, app)
    gone = []
    for share in ([one for one in files if one.kind == "deploy"], [one for one in files if one.kind != "deploy"]):
        gone += outdated(share, size=size, since=since)
    for one in gone:
        host.act(f"remove the kept lines of {one.dyno} up to {one.last}", lambda: remove(one))  # noqa: B023
    return gone


def outdated(files: Sequence[Kept], *, size: int | None, since: str) -> list[Kept]:
    gone, left = [], size
    for one in sorted(files, key=lambda one: one.last, reverse=True):
        if left is not None:
            left -= one.size
        if one.last < since or (left is not None and left < 0):
            gone.append(one)
    return gone


def remove(one: Kept) -> None:
    try:
        os.unlink(one.path)
    except FileNotFoundError:
        pass
