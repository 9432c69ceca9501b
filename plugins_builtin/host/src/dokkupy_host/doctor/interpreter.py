"""Whether the state's user can run the current interpreter, because only root can run one in root's home."""

from __future__ import annotations

import os
import stat
import sys

from dokkupy_sdk import Host
from dokkupy_sdk.model import Finding


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
