"""Rotate the audit: a file that is full gets a name of its own, the oldest go, and the audit says so itself."""

from __future__ import annotations

import os

from dokkupy_sdk import Host

from dokkupy_host.audit.trail import files

ROTATE_AT = 16 * 1024 * 1024
"""Bytes after which a file is full: about 80,000 commands."""

KEPT = 10
"""Rotated files that stay, with the one that is written."""


def rotate(host: Host) -> None:
    """A job of `dokkupy tick`."""
    try:
        if os.path.getsize(host.audit.path) < ROTATE_AT:
            return
    except FileNotFoundError:
        return
    host.audit.rotate()
    for path in files(host)[: -KEPT - 1]:
        number = int(os.path.basename(path).removeprefix("audit-").removesuffix(".log"))
        note = f"audit: the lines up to {number} were removed, because {KEPT} full files are kept"
        host.audit.record(who="", command=note, status=0, durable=True)
        os.unlink(path)
