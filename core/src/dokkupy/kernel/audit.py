"""The audit: a line for each command, numbered and sealed, so that a changed, removed or invented line shows.

A line's seal is a keyed BLAKE2b (RFC 7693) of it, under a key for its number alone. The key of the next number is a
hash of this one and overwrites it. Who takes over the account that writes the audit can seal lines that come, but none
that are there, and cannot cut the end off either (forward-secure logging, Schneier and Kelsey 1998; systemd's journal
does the same). `dokkupy setup` makes the first key, which only root can read, so only root can verify. Before that the
lines have numbers, and an empty seal.
"""

from __future__ import annotations

import fcntl
import os
import time

from dokkupy.kernel.files import link_over, make_directory, open_own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 4_000
"""Characters of a command line that are kept."""

TAIL = 65_536
"""Bytes from the end in which a whole line lies: a character takes at most 12 in JSON."""

UNSAVED = 64
"""Lines after which the key is saved at the latest; a command that changes something saves it at once."""

MARK = b', "seal": "'


class Audit:
    """`logs/audit.log`, and `logs/audit.key` with the key of the line to come."""

    def __init__(self, root: str) -> None:
        self.path = os.path.join(root, "logs", "audit.log")
        self.key_path = os.path.join(root, "logs", "audit.key")

    def record(self, *, who: str, command: str, status: int, app: str = "", durable: bool = False) -> None:
        """Add a line. durable: it is on the disk afterwards, with the key after it. Raises OSError when the disk is full;
        no part of a line stays then."""
        fd = self._lock()
        try:
            entry = {"who": who[:200], "app": app, "command": shortened(command), "status": status}
            self._append(fd, 1 + last_number(fd), entry, durable=durable)
        finally:
            os.close(fd)

    def rotate(self) -> None:
        """Let the file be `logs/audit-NUMBER.log`, by its last line, and a new one continue with the next number."""
        fd = self._lock()
        try:
            after = last_number(fd)
            name = f"audit-{after:012d}.log"
            fresh = self.path + ".new"
            new = open_own(fresh, os.O_RDWR | os.O_TRUNC, 0o640)
            try:
                entry = {"who": "", "app": "", "command": f"audit: the lines before are in {name}", "status": 0}
                self._append(new, after + 1, entry, durable=None)
                # At each moment there is a file at the path. A crash in between leaves two names of one file, which
                # readers count once.
                link_over(self.path, os.path.join(os.path.dirname(self.path), name), f"{fresh}.link")
                os.replace(fresh, self.path)
            finally:
                os.close(new)
        finally:
            os.close(fd)

    def _lock(self) -> int:
        """The open file, which is still the one at the path once it is locked."""
        make_directory(os.path.dirname(self.path))
        while True:
            fd = open_own(self.path, os.O_RDWR | os.O_APPEND, 0o640)
            fcntl.flock(fd, fcntl.LOCK_EX)
            try:
                if os.stat(self.path).st_ino == os.fstat(fd).st_ino:
                    return fd
            except FileNotFoundError:
                pass
            os.close(fd)

    def _append(self, fd: int, number: int, entry: dict[str, object], *, durable: bool | None) -> None:
        """durable: as of `record`; None while the file is not yet the audit's, so that no key is ahead of its lines."""
        saved, key = read_key(self.key_path)
        number = max(number, saved)  # lines that are missing leave a gap
        key = key_after(key, number - saved)
        body = json_object({"number": number, "time": stamp(), **entry})[:-1]
        write_whole(fd, body + MARK + seal(key, body).encode() + b'"}\n')
        if key and durable is not None and (durable or number - saved >= UNSAVED):
            os.fdatasync(fd)
            save_key(self.key_path, number + 1, key_after(key, 1))


def shortened(command: str) -> str:
    more = len(command) - LONGEST
    return f"{command[:LONGEST]}... ({more} more characters)" if more > 0 else command


def last_number(fd: int) -> int:
    """The number of the last line, 0 when there is none. What a crash or a full disk left of a line is cut off."""
    end = os.fstat(fd).st_size
    tail = os.pread(fd, min(end, TAIL), max(0, end - TAIL))
    whole, newline, torn = tail.rpartition(b"\n")
    if torn:
        os.ftruncate(fd, end - len(torn))
    if not newline:
        return 0
    try:
        return int(whole.rpartition(b"\n")[2].removeprefix(b'{"number": ').partition(b",")[0])
    except ValueError:
        return 0


def json_object(entry: Mapping[str, object]) -> bytes:
    """As `json.dumps`, by the part of it that is C. All of it loads `re`, 6 ms for every command."""
    try:
        from _json import encode_basestring_ascii as quoted
    except ImportError:  # a Python without CPython's accelerators
        from json import dumps as quoted

    pairs = (
        f"{quoted(key)}: {value if isinstance(value, int) else quoted(str(value))}" for key, value in entry.items()
    )
    return f"{{{', '.join(pairs)}}}".encode()


def write_whole(fd: int, line: bytes) -> None:
    before = os.fstat(fd).st_size
    written = 0
    try:
        written = os.write(fd, line)
        if written != len(line):
            raise OSError(28, "No space left on device")
    except OSError:
        if written:
            os.ftruncate(fd, before)
        raise


def read_key(path: str) -> tuple[int, bytes]:
    """A number and the key of its line; (0, b"") when there is none."""
    try:
        with open(path, "rb") as file:
            number, key = file.read().split()
        return int(number), bytes.fromhex(key.decode())
    except (FileNotFoundError, ValueError):
        return 0, b""


def save_key(path: str, number: int, key: bytes) -> None:
    """Overwrites the file in place, so that the previous key does not remain on the disk."""
    fd = open_own(path, os.O_WRONLY, 0o600)
    try:
        os.pwrite(fd, f"{number:020d} {key.hex()}\n".encode(), 0)
    finally:
        os.close(fd)


def key_after(key: bytes, steps: int) -> bytes:
    """The key of the line that many lines later."""
    from _blake2 import blake2b  # hashlib has the same one, and loads OpenSSL with it: 2 ms for every command

    for _ in range(steps if key else 0):
        key = blake2b(key, digest_size=32, person=b"dokkupy next key").digest()
    return key


def seal(key: bytes, body: bytes) -> str:
    """The seal for a line, which is given without one; empty without a key."""
    from _blake2 import blake2b

    return blake2b(body, key=key, digest_size=32).hexdigest() if key else ""


def stamp() -> str:
    """The time in UTC, RFC 3339, as all records have it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
