"""Hides log lines of a destroyed app from a later app of the same name.

dokkupy cannot delete the files, which are root's and which Debian rotates. It therefore records how much of each file
belongs to a destroyed app.
"""

from __future__ import annotations

import os

from dokkupy_sdk.records import Record

from dokkupy_nginx.settings import LOGS, own_log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName

PATIENCE = 10
"""Seconds."""


class EarlierLogsFile(Record, file="global/nginx-logs"):
    """ends: path of a log -> `INODE:SIZE`, up to which it belongs to a destroyed app."""

    ends: Mapping[str, str] = {}


def set_apart(host: Host, app: AppName, logs: str) -> None:
    """Hide the current content of the app's files in this directory. Drops records of files that have been rotated."""
    names = os.listdir(logs) if os.path.isdir(logs) else []
    paths = [os.path.join(logs, name) for name in names if name.endswith(".log") and own_log(app, f"{LOGS}/{name}")]
    with host.lock("nginx-logs", wait=PATIENCE, command="setting logs of a destroyed app apart", what="The access log"):
        file = host.store.load(EarlierLogsFile)
        after = {path: end for path, end in file.ends.items() if size_of(path, end)}
        after |= {path: end for path in paths if (end := end_now(path))}
        if after != file.ends:
            host.store.save(file.replace(ends=after))


def start_of(host: Host, path: str) -> int:
    """The offset in the file where the lines of the current app begin."""
    return size_of(path, host.store.load(EarlierLogsFile).ends.get(path, ""))


def end_now(path: str) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_ino}:{found.st_size}" if found.st_size else ""


def size_of(path: str, end: str) -> int:
    """The size in an end; 0 if the file has been replaced or emptied."""
    inode, _, size = end.partition(":")
    now_inode, _, now = end_now(path).partition(":")
    return int(size) if inode and inode == now_inode and int(now) >= int(size) else 0
