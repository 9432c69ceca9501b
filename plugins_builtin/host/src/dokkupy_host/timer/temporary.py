"""Removes temporary files of crashed processes from the state directory."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.files import SCRATCH, day_ago_or_boot, locked, sweep, sweep_old
from dokkupy_sdk.operation import NEW


def remove_left_over(host: Host) -> list[str]:
    """Remove the temporary directories of dead processes, and files from before the last boot or older than a day."""
    if os.path.isdir(host.path(*NEW)):
        sweep_old(host.path(*NEW), day_ago_or_boot())
    children = host.path(*SCRATCH)
    for path in directories(host):
        if path == children:
            count = sweep_old(path, day_ago_or_boot())
            if count:
                return [f"removed {count} temporary files of programs that have ended"]
        else:
            with locked(path):
                sweep(path)
    return []


def directories(host: Host) -> list[str]:
    try:
        return sorted(entry.path for entry in os.scandir(host.path(SCRATCH[0])) if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []
