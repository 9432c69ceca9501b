"""Restricts nginx's logs to root and the group adm, as Debian does. nginx creates the files itself with mode 0644 less its
umask (`server/umask.py`), and they get the group of their directory if it is set-group-ID. Closing the directory is not
possible, because nginx's workers reopen the files after a rotation."""

from __future__ import annotations

import os

MODE = 0o640
SET_GROUP = 0o2000


def open_to_all(directory: str) -> list[str]:
    """The log files that everybody may read."""
    try:
        with os.scandir(directory) as found:
            entries = [one for one in found if one.is_file(follow_symlinks=False) and ".log" in one.name]
    except FileNotFoundError:
        return []
    return sorted(one.path for one in entries if one.stat(follow_symlinks=False).st_mode & 0o007)


def inherits_group(directory: str) -> bool:
    return bool(os.stat(directory).st_mode & SET_GROUP)


def let_inherit_group(directory: str) -> None:
    """Let new files get the directory's group, adm."""
    os.chmod(directory, os.stat(directory).st_mode & 0o7777 | SET_GROUP)


def close(path: str, group: int) -> None:
    """Let only root and the group read the file."""
    os.chown(path, -1, group, follow_symlinks=False)
    os.chmod(path, MODE)
