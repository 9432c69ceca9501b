"""Steps of `setup_changes` and `teardown_changes`. A step changes only what is not yet right, and adds a line for each
change. A dry run only lists them."""

from __future__ import annotations

import os
import pwd
import stat
from functools import partial

from dokkupy.errors import HostError
from dokkupy.kernel.files import write_atomic
from dokkupy.kernel.users import USER

from dokkupy_sdk.execute import execute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Steps:
    """lines: the changes so far; with dry_run, those that would be made."""

    def __init__(self, *, dry_run: bool) -> None:
        self.dry_run = dry_run
        self.lines: list[str] = []

    def do(self, line: str, action: Callable[[], object]) -> None:
        if not self.dry_run:
            action()
        self.lines.append(line)

    def run(self, line: str, argv: Sequence[str]) -> None:
        self.do(line, partial(execute, argv))

    def directory(self, path: str, mode: int) -> None:
        """Create a directory for the system user."""
        if not os.path.isdir(path):
            self.do(f"create {path}", partial(os.makedirs, path, mode))
        self._own(path, mode)

    def file(self, path: str) -> None:
        """Create a file that only the system user may read and write."""
        if not os.path.exists(path):
            self.do(f"create {path}", partial(write_atomic, path, b""))
        self._own(path, 0o600)

    def text(self, path: str, text: str) -> None:
        """Write a file of root's that everybody may read, and create its directory."""
        if content(path) == text:
            return
        directory = os.path.dirname(path)
        if not os.path.isdir(directory):
            self.do(f"create {directory}", partial(os.makedirs, directory, 0o755, exist_ok=True))
        self.do(f"write {path}", partial(write_atomic, path, text.encode(), mode=0o644))

    def remove(self, path: str) -> None:
        if os.path.exists(path):
            self.do(f"remove {path}", partial(os.unlink, path))

    def _own(self, path: str, mode: int) -> None:
        """Set owner and mode, but never through a link, which the directory's owner could have created."""
        own = login(USER)
        if own is None or not os.path.lexists(path):
            return
        now = os.lstat(path)
        if stat.S_ISLNK(now.st_mode):
            raise HostError(f"{path} is a symbolic link", hint="Remove it and run dokkupy setup again.")
        if now.st_uid != own.pw_uid or now.st_gid != own.pw_gid or stat.S_IMODE(now.st_mode) != mode:
            self.do(f"give {path} to {USER} with mode {mode:o}", partial(set_owner, path, mode, own))


def login(name: str) -> pwd.struct_passwd | None:
    """The user with this login name, if there is one."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def systemd() -> bool:
    """Whether systemd runs this machine."""
    return os.path.isdir("/run/systemd/system")


def content(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def set_owner(path: str, mode: int, own: pwd.struct_passwd) -> None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(path, flags)
    try:
        os.fchown(fd, own.pw_uid, own.pw_gid)
        os.fchmod(fd, mode)
    finally:
        os.close(fd)


__all__ = ["Steps", "content", "login", "systemd"]
