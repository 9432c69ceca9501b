"""The system user that owns the state, and how root switches to it."""

from __future__ import annotations

import os

from dokkupy.errors import HostError

USER = "dokkupy"


def become_owner(root: str) -> None:
    """Switch this process from root to the owner of the state. `sudo` would have to start dokkupy a second time."""
    if os.getuid() != 0 or not os.path.isdir(root) or (owner := os.stat(root)).st_uid == 0:
        return
    import pwd

    try:
        entry = pwd.getpwuid(owner.st_uid)
    except KeyError:
        what = f"The user {owner.st_uid}, to whom the state in {root} belongs, does not exist on this host"
        raise HostError(what, hint="Run dokkupy setup as root; dokkupy doctor says what else is missing.") from None
    os.initgroups(entry.pw_name, owner.st_gid)
    os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
    os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)
    os.environ["HOME"] = entry.pw_dir
    os.environ["USER"] = entry.pw_name
    os.umask(0o027)
