"""Which apps a directory belongs to. A key that may change all of these apps may mount the directory again. A directory
without apps belongs to the admins."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName

from dokkupy_storage.directories.directory import name_in_root
from dokkupy_storage.records import all_mounts, find_entry


def apps_of_entry(host: Host, name: str) -> tuple[AppName, ...]:
    entry = find_entry(host, name)
    return apps_of_directory(host, entry.path, is_written=True) if entry is not None else ()


def apps_of_directory(host: Host, path: str, *, is_written: bool) -> tuple[AppName, ...]:
    """The apps that mount a directory of the storage root, or something in it. None for every other path of the host, for a
    docker volume, for a directory that no app mounts as a whole, and for writing to one that apps only read, because a
    deployer cannot give an app more than it has."""
    if not name_in_root(host, path):
        return ()
    found = [(app, mount) for app, mount in all_mounts(host) if os.path.join(mount.source, "").startswith(f"{path}/")]
    if not any(mount.source == path and (mount.is_writable or not is_written) for _, mount in found):
        return ()
    return tuple(dict.fromkeys(app for app, _ in found))
