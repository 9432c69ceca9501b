"""Temporary files below the state: removing what crashed processes left, counting what is there."""

from __future__ import annotations

import os

from dokkupy.kernel.host import SCRATCH, Host
from dokkupy.kernel.scratch import day_ago_or_boot, locked, sweep, sweep_old
from dokkupy.model.checks import Finding


def remove_left_over(host: Host) -> list[str]:
    """Remove the scratch directories of dead processes, and what programs left before the last boot or a day ago."""
    children = host.path(*SCRATCH)
    for path in directories(host):
        if path == children:
            count = sweep_old(path, day_ago_or_boot())
            if count:
                return [f"removed {count} temporary files that ended programs had left"]
        else:
            with locked(path):
                sweep(path)
    return []


def directories(host: Host) -> list[str]:
    try:
        return sorted(entry.path for entry in os.scandir(host.path(SCRATCH[0])) if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []


def finding(host: Host) -> Finding:
    """For the doctor: how much lies there, and whether programs can write there."""
    children = host.path(*SCRATCH)
    if os.path.isdir(children) and not os.access(children, os.W_OK | os.X_OK):
        return Finding("scratch", "error", f"{children} cannot be written", "Run dokkupy setup as root.")
    files = size = 0
    for directory, _, names in os.walk(host.path(SCRATCH[0])):
        for name in names:
            try:
                size += os.lstat(os.path.join(directory, name)).st_blocks * 512
            except FileNotFoundError:
                continue
            files += 1
    return Finding("scratch", "ok", f"{files} temporary files, {size / 1024**2:.1f} MiB")
