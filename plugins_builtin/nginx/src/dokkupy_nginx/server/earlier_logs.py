"""What nginx logged for an app that is gone: a later app of the same name does not read it.

The files are root's, and Debian rotates them; so it is kept how much of each belongs to nobody any more.
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
    """ends: path of a log -> `INODE:SIZE`, how far it is of an app that is gone."""

    ends: Mapping[str, str] = {}


def set_apart(host: Host, app: AppName, logs: str) -> None:
    """Let nobody read what is in the app's files in this directory now. Forgets files that were rotated since."""
    names = os.listdir(logs) if os.path.isdir(logs) else []
    paths = [os.path.join(logs, name) for name in names if name.endswith(".log") and own_log(app, f"{LOGS}/{name}")]
    with host.lock("nginx-logs", wait=PATIENCE, command="setting logs of a destroyed app apart"):
        file = host.store.load(EarlierLogsFile)
        after = {path: end for path, end in file.ends.items() if size_of(path, end)}
        after |= {path: end for path in paths if (end := end_now(path))}
        if after != file.ends:
            host.store.save(file.replace(ends=after))


def start_of(host: Host, path: str) -> int:
    """Where in the file the lines of the app that has the name now begin."""
    return size_of(path, host.store.load(EarlierLogsFile).ends.get(path, ""))


def end_now(path: str) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_ino}:{found.st_size}" if found.st_size else ""


def size_of(path: str, end: str) -> int:
    """The size that an end says, 0 where the file is another one or was emptied since."""
    inode, _, size = end.partition(":")
    now_inode, _, now = end_now(path).partition(":")
    return int(size) if inode and inode == now_inode and int(now) >= int(size) else 0
