"""How commands are started: whether the state's user can run the current interpreter, because only root can run one in
root's home, and whether the launcher's index of what is installed is used."""

from __future__ import annotations

import os
import stat
import sys

from dokkupy_sdk import Host
from dokkupy_sdk.model import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def index_findings(_host: Host) -> Iterator[Finding]:
    """A finder that knows all entry points returns None while its file is outdated (`entry_points` of the SDK)."""
    for finder in sys.meta_path:
        if hasattr(finder, "entry_points") and finder.entry_points() is None:
            yield Finding(
                "launcher",
                "warning",
                f"{getattr(finder, 'path', '')} is outdated, as after an installation by pip: all commands start more slowly",
                f"sudo {sys.executable} -I -m {getattr(finder, 'writer', '')}",
            )


def finding(host: Host) -> Finding:
    owner = os.stat(host.root)
    for file, needed in ((sys.executable, stat.S_IXOTH), (os.__file__, stat.S_IROTH)):
        path = blocked(os.path.realpath(file), owner.st_uid, owner.st_gid, needed)
        if path:
            return Finding(
                "interpreter",
                "error",
                f"{os.path.realpath(file)} cannot be used by the state's user: {path} is closed",
                "Run ./install.sh again: it chooses an interpreter that all users can run.",
            )
    return Finding("interpreter", "ok", f"Python {sys.version.split()[0]}, {os.path.realpath(sys.executable)}")


def blocked(path: str, uid: int, gid: int, needed: int) -> str:
    """The file or its parent directory that this user may not use; empty when there is none. needed: the permission on the
    file itself, as a bit of the mode for others."""
    while True:
        found = os.stat(path)
        shift = 6 if found.st_uid == uid else 3 if found.st_gid == gid else 0
        if uid != 0 and not found.st_mode & (needed << shift):
            return path
        if path == os.path.dirname(path):
            return ""
        path, needed = os.path.dirname(path), stat.S_IXOTH
