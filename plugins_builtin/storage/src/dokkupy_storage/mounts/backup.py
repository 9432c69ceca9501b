"""Which of an app's mounts its backup contains: each directory that the app writes to, including ones of the host."""

from __future__ import annotations

import hashlib
import os
import re

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName

from dokkupy_storage.directories.directory import is_below_root
from dokkupy_storage.records import Entry, Mount, entries, mounts_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_DATA = ("/proc", "/sys", "/dev", "/run", "/var/run", "/etc", "/usr", "/boot", "/lib", "/bin", "/sbin")
"""Directories of the host that are not an app's data, and that a restore does not replace."""

COMMAND = "backup-command"
"""The annotation of an entry whose value is run in a container of the app, with its mounts, before a backup reads them."""

COMMAND_SECONDS = 3600


def backed_up(host: Host, app: AppName) -> dict[str, str]:
    """Name in the archive -> directory. A directory inside another one is part of that one's archive."""
    known = {entry.id: entry for entry in entries(host)}
    wanted = {
        mount.source: name_of(mount, known.get(mount.entry)) for mount in mounts_of(host, app) if is_data(host, mount)
    }
    return {
        name: source
        for source, name in wanted.items()
        if not any(source.startswith(f"{outer}/") for outer in wanted if outer != source)
    }


def is_data(host: Host, mount: Mount) -> bool:
    """Whether it is a directory that the app writes to. What it only reads belongs to others, whose backups contain
    it."""
    if not mount.source.startswith("/") or not mount.is_writable or os.path.isfile(mount.source):
        return False
    if is_below_root(host, mount.source):
        return True
    if f"{host.root}/".startswith(f"{mount.source}/") or f"{mount.source}/".startswith(f"{host.root}/"):
        return False
    return mount.source.count("/") > 1 and not any(f"{mount.source}/".startswith(f"{one}/") for one in NOT_DATA)


def name_of(mount: Mount, entry: Entry | None) -> str:
    """The name in the archive, which begins with `_`, unlike docker volumes. An entry's name is the same on every
    host."""
    if entry is None:
        return marked(mount.source)
    return f"_{entry.name}" + (f".{marked(mount.subpath)}" if mount.subpath else "")


def marked(path: str) -> str:
    digest = hashlib.sha256(path.encode()).hexdigest()[:8]
    return "_" + re.sub(r"[^A-Za-z0-9.-]+", "_", path.strip("/"))[-60:] + f"-{digest}"


def commands(host: Host, app: AppName) -> Iterator[str]:
    """The commands to run before a backup of the app, each once."""
    used = {mount.entry for mount in mounts_of(host, app)}
    found = (entry.annotations.get(COMMAND, "") for entry in entries(host) if entry.id in used)
    yield from dict.fromkeys(filter(None, found))


def prepare(host: Host, app: AppName) -> None:
    """Run them in containers of the serving release. Raises AppError if one fails, because the backup would be
    inconsistent."""
    from dokkupy_apps.releases.records import current
    from dokkupy_apps.rollout.tasks import run_task

    release = current(host, app)[0]
    if release is None:
        return
    for command in commands(host, app):
        run_task(host, release, f"Preparing the backup of {app}", command, timeout=COMMAND_SECONDS)
