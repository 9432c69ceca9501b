"""The system user that owns the state, and how root becomes it."""

from __future__ import annotations

import os

USER = "dokkupy"
SECOND = "dokku"
"""Another login name of the same user: Dokku's."""


def become_owner(root: str) -> None:
    """Root becomes the owner of the state at once, in this process: a sudo would cost a second start."""
    if os.getuid() != 0:
        return
    try:
        owner = os.stat(root)
    except FileNotFoundError:
        return
    if owner.st_uid == 0:
        return
    import pwd

    entry = pwd.getpwuid(owner.st_uid)
    os.initgroups(entry.pw_name, owner.st_gid)
    os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
    os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)
    os.environ["HOME"] = entry.pw_dir
    os.environ["USER"] = entry.pw_name
    os.umask(0o027)
