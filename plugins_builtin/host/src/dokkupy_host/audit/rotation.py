"""Rotate the audit: a full file is renamed, the oldest files are removed, and the audit records that."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.audit import Audit, last_number
from dokkupy_sdk.files import link_over, open_own

from dokkupy_host.audit.trail import files

ROTATE_AT = 16 * 1024 * 1024
"""Bytes after which a file is full: about 80,000 commands."""

KEPT = 10
"""Number of files that are kept, including the current one."""


def rotate(host: Host) -> None:
    """A job of `dokkupy tick`."""
    try:
        if os.path.getsize(host.audit.path) < ROTATE_AT:
            return
    except FileNotFoundError:
        return
    begin_file(host.audit)
    for path in files(host)[: -KEPT - 1]:
        number = int(os.path.basename(path).removeprefix("audit-").removesuffix(".log"))
        note = f"audit: the lines up to {number} were removed, because {KEPT} full files are kept"
        host.audit.record(who="", command=note, status=0, durable=True)
        os.unlink(path)


def begin_file(audit: Audit) -> None:
    """Rename the file to `logs/audit-NUMBER.log`, after its last line, and continue with the next number in a new one."""
    fd = audit.locked()
    try:
        after = last_number(fd)
        name = f"audit-{after:012d}.log"
        fresh = audit.path + ".new"
        new = open_own(fresh, os.O_RDWR | os.O_TRUNC, 0o640)
        try:
            entry = {"who": "", "app": "", "command": f"audit: the lines before are in {name}", "status": 0}
            audit.append(new, after + 1, entry, durable=None)
            # The path always has a file. A crash between the two calls leaves two names of one file, which readers
            # count once.
            link_over(audit.path, os.path.join(os.path.dirname(audit.path), name), f"{fresh}.link")
            os.replace(fresh, audit.path)
        finally:
            os.close(new)
    finally:
        os.close(fd)
