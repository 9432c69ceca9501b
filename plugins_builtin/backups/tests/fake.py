"""A subject of numbered rows in a file, whose dump can be made to fail in the ways that dumps do; and hosts with it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.errors import Conflict, HostError
from dokkupy_sdk.roles import BackupSubject
from dokkupy_sdk.testing import RecordingConsole

PIECE = 1 << 16


class Rows(BackupSubject):
    """`DIRECTORY/rows` is its content. `DIRECTORY/fault` says what goes wrong:

    raise: the dump program fails half-way. partial: it writes half and says that all is well. headless: it writes
    nothing that a dump would begin with. emptied: a well-formed dump without a row. slow: a pause before the end, in
    which the process can be killed. boom: a defect of the plugin.
    """

    suffix = "rows"

    def __init__(self, host: Host, directory: Path, name: str) -> None:
        self.host = host
        self.directory = directory
        self.name = name

    @property
    def fault(self) -> str:
        path = self.directory / "fault"
        return path.read_text() if path.exists() else ""

    def rows(self) -> list[bytes]:
        return (self.directory / "rows").read_bytes().splitlines()

    def describe(self) -> Mapping[str, str]:
        return {"kind": "rows", "version": "1.0"}

    def invariants(self) -> Mapping[str, str]:
        return invariants_of(self.rows())

    def dump(self, write: Callable[[bytes], object]) -> None:
        fault, rows = self.fault, self.rows()
        if fault == "boom":
            raise ZeroDivisionError("a defect")
        if fault == "emptied":
            rows = []
        data = b"BEGIN\n" + b"".join(row + b"\n" for row in rows) + b"END %d\n" % len(rows)
        if fault == "headless":
            data = data[6:]
        if fault in ("partial", "raise"):
            data = data[: len(data) // 2]
        for start in range(0, len(data), PIECE):
            write(data[start : start + PIECE])
        if fault == "raise":
            raise HostError("the dump program ended with status 1")
        if fault == "slow":
            (self.directory / "dumping").touch()
            end = time.monotonic() + 60
            while not (self.directory / "go-on").exists() and time.monotonic() < end:
                time.sleep(0.05)

    def check(self, head: bytes, tail: bytes, size: int) -> None:
        if not head.startswith(b"BEGIN\n") or not tail.rstrip().rpartition(b"\n")[2].startswith(b"END "):
            raise HostError("this is no whole dump of rows")

    def verify(self, pieces: Iterable[bytes], about: Mapping[str, str]) -> Mapping[str, str]:
        assert about["version"] == "1.0"
        return invariants_of(parse(pieces))

    def restore(self, pieces: Iterable[bytes], about: Mapping[str, str], *, to: str = "") -> None:
        rows = parse(pieces)
        directory = self.directory.parent / to if to else self.directory
        if to and directory.exists():
            raise Conflict(f"{to} exists")
        directory.mkdir(exist_ok=True)
        (directory / "rows").write_bytes(b"".join(row + b"\n" for row in rows))


def parse(pieces: Iterable[bytes]) -> list[bytes]:
    lines = b"".join(pieces).splitlines()
    if not lines or lines[0] != b"BEGIN" or lines[-1] != b"END %d" % (len(lines) - 2):
        raise HostError("the rows do not restore")
    return lines[1:-1]


def invariants_of(rows: list[bytes]) -> dict[str, str]:
    return {"rows: number": str(len(rows)), "content": hashlib.sha256(b"\n".join(rows)).hexdigest()}


class Plugin:
    """Offers every directory of `<root>/../rows` as the subject `rows:NAME`, and hears what becomes of backups."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self.heard: list[tuple[str, str, str]] = []
        self.deaf = False

    @hookimpl
    def backup_subjects(self, host: Host) -> list[BackupSubject]:
        return [Rows(host, self.where / name, f"rows:{name}") for name in sorted(os.listdir(self.where))]

    @hookimpl
    def on_backup_finished(self, host: Host, subject: str, outcome: str, reason: str) -> None:
        self.heard.append((subject, outcome, reason))
        with open(self.where.parent / "heard", "a") as file:
            file.write(json.dumps([subject, outcome, reason]) + "\n")
        if self.deaf:
            raise RuntimeError("the mail server is down")


def make_host(base: Path, *, who: str = "tester") -> tuple[Host, Plugin]:
    """A host with its state in `base/root` and its fake subjects in `base/rows`."""
    os.environ["DOKKUPY_PLUGINS"] = "backups,host"
    root, where = base / "root", base / "rows"
    root.mkdir(parents=True, exist_ok=True)
    where.mkdir(exist_ok=True)
    host = Host(str(root), who=who, out=RecordingConsole(), command="test")
    plugin = Plugin(where)
    host.hooks.manager.register(plugin, name="fake")
    return host, plugin


def fill(base: Path, name: str, count: int, *, seed: int = 0) -> None:
    """Rows that do not compress into nothing."""
    directory = base / "rows" / name
    directory.mkdir(parents=True, exist_ok=True)
    rows = [hashlib.sha256(b"%d %d" % (seed, number)).hexdigest().encode() for number in range(count)]
    (directory / "rows").write_bytes(b"".join(row + b"\n" for row in rows))


def set_fault(base: Path, name: str, fault: str) -> None:
    (base / "rows" / name / "fault").write_text(fault)


def destroy(base: Path) -> None:
    shutil.rmtree(base)
