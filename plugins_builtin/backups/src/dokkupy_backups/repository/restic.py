"""restic: repositories that are encrypted and deduplicated. Run by argv lists; address, key and credentials are in the
environment of that process alone, which only root and the same user can read.

https://restic.readthedocs.io/en/v0.14.0/075_scripting.html; what holds for 0.14 (bookworm) and 0.18 (trixie) is used.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Busy, HostError
from dokkupy_sdk.values import dataclass, field

from dokkupy_backups.repository.process import Child
from dokkupy_backups.settings import SETTINGS
from dokkupy_backups.target import ssh
from dokkupy_backups.target.stored import Target, key_path, read_key

PROGRAM = "restic"
TAG = "dokkupy"

PATIENCE = 1200.0
"""Seconds for which restic may neither read nor write. It retries a failing server for 15 minutes."""

LONG = 86400.0
"""Seconds that a check or prune of a whole repository may take."""

LOCKED = re.compile(r"already locked|unable to create lock", re.IGNORECASE)
LOCK_WAIT = 900.0
"""Seconds to wait for another host's work on the same repository."""

LOOK = 120.0
"""Seconds for the test whether there is a repository."""

HOPELESS = re.compile(
    r"does not exist|NoSuchBucket|Access ?Denied|SignatureDoesNotMatch|signature we calculated|InvalidAccessKeyId"
    r"|Unauthorized|Forbidden",
    re.IGNORECASE,
)
"""Responses of a server for which a retry is pointless."""

WRONG_KEY = re.compile(r"wrong password or no key found", re.IGNORECASE)
FULL = re.compile(r"no space left on device|disk quota exceeded|insufficient storage", re.IGNORECASE)
NOISE = re.compile(r"^(?:\{.*|\s*|.*signal interrupt received.*|using temporary cache.*|created new cache.*)$")
LAST_LINES = 8


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One of restic's snapshots. tags: those of the form `NAME=VALUE`, as a table. marks: the others."""

    id: str
    time: str
    host: str
    marks: frozenset[str]
    tags: dict[str, str] = field(default_factory=dict)


class Repository:
    """The repository of a target."""

    def __init__(self, host: Host, target: Target, *, patience: float = 0) -> None:
        self.host = host
        self.target = target
        self.patience = patience or PATIENCE

    # one run

    def env(self) -> dict[str, str]:
        target, given = self.target, self.target.credentials
        found = {
            "RESTIC_REPOSITORY": target.location.repository(
                given["user"].reveal() if "user" in given else "", given.get("password")
            ),
            "RESTIC_PASSWORD_FILE": key_path(self.host, target.name),
            "RESTIC_CACHE_DIR": self.host.path("cache", "restic"),
            "HOME": self.host.path("home"),
        }
        for name, variable in (
            ("access-key", "AWS_ACCESS_KEY_ID"),
            ("secret-key", "AWS_SECRET_ACCESS_KEY"),
            ("session-token", "AWS_SESSION_TOKEN"),
            ("region", "AWS_DEFAULT_REGION"),
        ):
            if name in given:
                found[variable] = given[name].reveal()
        return found

    def argv(self, words: Sequence[str]) -> list[str]:
        options = []
        if self.target.location.kind == "sftp":
            options += ["-o", f"sftp.command={ssh.command(self.host, self.target.name, self.target.location)}"]
        limit = SETTINGS.get(self.host.store, None, "upload-limit")
        if limit:
            options += [f"--limit-upload={limit}"]
        return [PROGRAM, *options, *words]

    def start(self, words: Sequence[str], *, feeds: bool = False, reads: bool = False) -> Child:
        read_key(self.host, self.target.name)  # a lost key is messages as such
        return Child(self.argv(words), self.env(), feeds=feeds, reads=reads)

    def run(self, words: Sequence[str], *, timeout: float = 0) -> str:
        """Run restic to its end, and return its standard output. Waits for another host's lock, and removes locks of dead
        processes."""
        end = time.monotonic() + LOCK_WAIT
        pause = 1.0
        while True:
            try:
                return self.once(words, timeout=timeout)
            except Busy:
                if time.monotonic() > end:
                    raise
                self.unlock()
                time.sleep(pause)
                pause = min(pause * 2, 30.0)

    def once(self, words: Sequence[str], *, timeout: float = 0) -> str:
        child = self.start(words)
        try:
            try:
                status = child.finish(timeout or self.patience)
            except TimeoutError:
                self.stuck()
        finally:
            child.end()
        if status:
            self.fail(words[0], status, child.errors or child.output)
        return "\n".join(child.output)

    # commands

    def exists(self) -> bool:
        """Whether there is a repository that opens with the key. Raises HostError `wrong_key` when it does not; what
        prevents the check is reported by the next step.

        restic 0.18 asks for a quarter of an hour for a bucket that is not there, or with a secret that is wrong: that
        is not waited for.
        """
        child = self.start(["cat", "config", "--no-lock"])
        end = time.monotonic() + LOOK
        try:
            while True:
                try:
                    status = child.finish(0.1)
                    break
                except TimeoutError:
                    if time.monotonic() > end or any(HOPELESS.search(line) for line in child.errors):
                        return False
        finally:
            child.end()
        if status == 0:
            return True
        try:
            self.fail("cat", status, child.errors)
        except HostError as error:
            if error.code in ("wrong_key", "ssh_refused"):
                raise
        return False

    def init(self) -> None:
        self.run(["init"])

    def unlock(self) -> None:
        """Remove the locks of dead processes, which restic recognizes by host name and process, or after half an hour."""
        self.once(["unlock"])

    def snapshots(self, *tags: str) -> list[Snapshot]:
        """The snapshots with all of these tags, oldest first."""
        text = self.run(["snapshots", "--json", "--no-lock", "--tag", ",".join((TAG, *tags))])
        return [snapshot(row) for row in json_of(text) or ()]

    def store(
        self,
        name: str,
        tags: Sequence[str],
        fill: Callable[[Callable[[bytes], None]], None],
        accept: Callable[[], None] = lambda: None,
    ) -> str:
        """Save a stream as a snapshot, and return its id. fill: writes the stream. accept: called after it was written, but
        before its end is signalled to restic. If either raises, there is no snapshot."""
        words = ["backup", "--json", "--stdin", "--stdin-filename", name, "--host", self.target.host_name]
        words += [word for tag in (TAG, *tags) for word in ("--tag", tag)]
        child = self.start(words, feeds=True)
        try:
            with self.failing_with(child, "backup"):
                fill(lambda piece: child.write(piece, self.patience))
                accept()
                status = child.finish(self.patience)
        finally:
            child.end()
        if status:
            # 3 means that some input could not be read; with a single stream, the snapshot is then empty.
            self.fail("backup", status, child.errors)
        for line in reversed(child.output):
            row = json_of(line)
            if isinstance(row, dict) and row.get("snapshot_id"):
                return str(row["snapshot_id"])
        raise HostError(
            f"restic reported no snapshot made in {self.target.name}",
            hint=f"Check it: dokkupy backups:target-check {self.target.name}",
        )

    def pieces(self, snapshot_id: str, name: str) -> Iterator[bytes]:
        """A snapshot's stream. Raises HostError, at its end at the latest, if any part could not be read."""
        child = self.start(["dump", snapshot_id, f"/{name}"], reads=True)
        try:
            with self.failing_with(child, "dump"):
                yield from child.read(self.patience)
                status = child.finish(self.patience)
        finally:
            child.end()
        if status:
            self.fail("dump", status, child.errors)

    def forget(self, ids: Sequence[str]) -> None:
        if ids:
            self.run(["forget", *ids])

    def forgettable(self, keep: Sequence[str], *tags: str) -> list[str]:
        """Ids of the snapshots with these tags that a policy (`--keep-daily 7`) would not keep. Changes nothing."""
        text = self.run(
            [
                "forget",
                "--dry-run",
                "--json",
                "--group-by",
                "",
                "--host",
                self.target.host_name,
                *keep,
                "--tag",
                ",".join((TAG, *tags)),
            ]
        )
        return [str(row["id"]) for group in json_of(text) or () for row in group.get("remove") or ()]

    def prune(self) -> None:
        self.run(["prune"], timeout=LONG)

    def check(self, subset: str = "") -> None:
        """Raises HostError when the repository is damaged. subset: share of the data that is read, such as `5%`."""
        self.run(["check", *([f"--read-data-subset={subset}"] if subset else [])], timeout=LONG)

    # errors

    @contextmanager
    def failing_with(self, child: Child, verb: str) -> Iterator[None]:
        """If restic itself has ended, its error is the cause of any other error."""
        try:
            yield
        except TimeoutError as error:
            child.end()
            self.stuck(error)
        except Exception as error:
            status = child.process.poll()
            if status is None and isinstance(error, BrokenPipeError):
                status = child.process.wait(self.patience)
            child.end()
            if status:
                self.fail(verb, status, child.errors, error)
            raise

    def stuck(self, cause: BaseException | None = None) -> NoReturn:
        raise HostError(
            f"The target {self.target.name} did not respond for {self.patience:.0f} seconds",
            code="target_stuck",
            hint=f"Check it: dokkupy backups:target-check {self.target.name}",
        ) from cause

    def fail(self, verb: str, status: int, messages: Sequence[str], cause: BaseException | None = None) -> NoReturn:
        if self.target.location.kind == "sftp":
            messages = [*messages, *ssh.messages(self.host, self.target.name)]
        words = tuple(self.scrubbed(line) for line in messages if not NOISE.match(line))[-LAST_LINES:]
        text = "\n".join(messages)
        name = self.target.name
        if LOCKED.search(text) or status == 11:
            raise Busy(
                f"The target {name} is locked by another restic process",
                details=words,
                hint="Wait until that process has ended, then run the command again.",
            ) from cause
        if WRONG_KEY.search(text) or status == 12:
            raise HostError(
                f"The key of the target {name} does not decrypt its repository",
                code="wrong_key",
                hint=f"Give the correct one: dokkupy backups:target-add {name} {self.target.location.url} key=...",
            ) from cause
        if self.target.location.kind == "sftp" and ssh.REFUSED.search(text):
            raise ssh.refusal(self.host, name, self.target.location, words) from cause
        if FULL.search(text):
            raise HostError(
                f"The target {name} is full",
                details=words,
                code="target_full",
                hint="Free some space there, or keep less: dokkupy backups:prune",
            ) from cause
        raise HostError(
            f"restic {verb} failed on the target {name} with status {status}",
            details=words,
            code="restic_failed",
            hint=f"Check the target: dokkupy backups:target-check {name}",
        ) from cause

    def scrubbed(self, line: str) -> str:
        """A line from restic without secrets, in case it should ever print one."""
        for secret in self.target.secrets(self.host):
            line = line.replace(secret, "***")
        return line[:500]


def snapshot(row: dict[str, Any]) -> Snapshot:
    tags = [str(tag) for tag in row.get("tags") or ()]
    table = dict(tag.split("=", 1) for tag in tags if "=" in tag)
    marks = frozenset(tag for tag in tags if "=" not in tag)
    return Snapshot(str(row["id"]), str(row.get("time", "")), str(row.get("hostname", "")), marks, table)


def json_of(text: str) -> Any:
    """The JSON in a program's output, which may have other lines around it; None when there is none."""
    for part in (text, *reversed(text.splitlines())):
        try:
            return json.loads(part)
        except ValueError:
            continue
    return None
