"""The audit: one numbered and sealed line per command, so that a changed, removed or forged line is detected.

The seal is a keyed BLAKE2b hash (RFC 7693) of the line. Each line number has its own key: the key of the next number is
a hash of the current key and overwrites it. An attacker who takes over the account that writes the audit can therefore
seal future lines, but can neither forge existing ones nor cut off the end (forward-secure logging, Schneier and Kelsey
1998; systemd's journal does the same). `dokkupy setup` creates the first key, which only root can read, so only root
can verify the audit. Lines written before setup have numbers and an empty seal.
"""

from __future__ import annotations

import fcntl
import os

from dokkupy.host import Host
from dokkupy.kernel.files import make_directory, open_own, stamp, write_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dokkupy.cli.declare import Command
    from dokkupy.cli.parse import Invocation

__all__ = ["MARK", "Audit", "key_after", "last_number", "read_key", "save_key", "seal", "stamp"]

LONGEST = 4_000
"""A longer command line is cut off after this many characters."""

TAIL = 65_536
"""The last line fits into this many bytes, because a character takes at most 12 in JSON."""

UNSAVED = 64
"""The key is saved at least every so many lines. A command that changes something saves it immediately."""

MARK = b', "seal": "'


class Audit:
    """`logs/audit.log`, and `logs/audit.key` with the key of the next line."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.path = os.path.join(root, "logs", "audit.log")
        self.key_path = os.path.join(root, "logs", "audit.key")

    def line(self, command: Command, words: Sequence[str]) -> str:
        """A command line as records and locks show it: without secrets."""
        if not command.secret_args and not any("://" in word or len(word) > 200 for word in words):
            return " ".join([command.recorded_as, *words])
        from dokkupy_sdk.redact import redacted

        return redacted(self.root, command, words)

    def record(self, *, who: str, command: str, status: int, app: str = "", durable: bool = False) -> None:
        """Append a line. durable: sync the line to the disk and save the next key. Raises OSError when the disk is full,
        and leaves no partial line."""
        fd = self.locked()
        try:
            entry = {"who": who[:200], "app": app, "command": shortened(command), "status": status}
            self.append(fd, 1 + last_number(fd), entry, durable=durable)
        finally:
            os.close(fd)

    def record_call(self, host: Host, call: Invocation, status: int) -> None:
        """Record a command. Neither a full disk nor another user's file makes the command fail. On a machine without setup
        (`plugin:new` on a developer's computer) there is no audit."""
        if not os.path.isdir(self.root):
            return
        durable = bool(status) or (call.command.mutating and not call.dry_run)
        app = call.app or ""
        try:
            if call.command.secret_args and app and not os.path.isdir(host.path("apps", app)):
                app = ""  # it could be a secret that was typed in place of the app's name
            self.record(who=host.who, app=app, command=host.command, status=status, durable=durable)
        except OSError:
            pass

    def locked(self) -> int:
        """The descriptor of the locked file, which is opened again if it was rotated in the meantime."""
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

    def append(self, fd: int, number: int, entry: dict[str, object], *, durable: bool | None) -> None:
        """durable: see `record`. None while the file is not in use yet, so that the key does not get ahead of the lines."""
        saved, key = read_key(self.key_path)
        number = max(number, saved)  # missing lines leave a visible gap
        key = key_after(key, number - saved)
        body = json_object({"number": number, "time": stamp(), **entry})[:-1]
        write_whole(fd, body + MARK + seal(key, body).encode() + b'"}\n')
        if key and durable is not None and (durable or number - saved >= UNSAVED):
            os.fdatasync(fd)
            save_key(self.key_path, number + 1, key_after(key, 1))


def audit_of(host: Host) -> Audit:
    return Audit(host.root)


def shortened(command: str) -> str:
    more = len(command) - LONGEST
    return f"{command[:LONGEST]}... ({more} more characters)" if more > 0 else command


def last_number(fd: int) -> int:
    """The number of the last line, 0 if there is none. Cuts off a partial line, which a crash or a full disk left."""
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
    """Like `json.dumps`, but with its C part alone, because importing `json` loads `re`: 6 ms for every command."""
    try:
        from _json import encode_basestring_ascii as quoted
    except ImportError:  # a Python without CPython's accelerators
        from json import dumps as quoted

    pairs = (
        f"{quoted(key)}: {value if isinstance(value, int) else quoted(str(value))}" for key, value in entry.items()
    )
    return f"{{{', '.join(pairs)}}}".encode()


def read_key(path: str) -> tuple[int, bytes]:
    """A line number and its key; (0, b"") if there is no key."""
    try:
        with open(path, "rb", buffering=0) as file:
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
    """The key of the line that comes this many lines later."""
    from _blake2 import blake2b  # `hashlib` has the same function but loads OpenSSL: 2 ms for every command

    for _ in range(steps if key else 0):
        key = blake2b(key, digest_size=32, person=b"dokkupy next key").digest()
    return key


def seal(key: bytes, body: bytes) -> str:
    """The seal of a line; empty without a key. body: the line without its seal."""
    from _blake2 import blake2b

    return blake2b(body, key=key, digest_size=32).hexdigest() if key else ""
