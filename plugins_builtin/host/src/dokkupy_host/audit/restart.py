"""A new audit, after somebody investigated a problem of the old one."""

from __future__ import annotations

import os
import shutil
import time

from dokkupy_sdk import Host
from dokkupy_sdk.files import make_directory

from dokkupy_host.audit import first_key
from dokkupy_host.audit.trail import files


def old_place(host: Host) -> str:
    return host.path("logs", time.strftime("audit-until-%Y%m%dT%H%M%SZ", time.gmtime()))


def begin(host: Host, place: str) -> None:
    """Move the old files and keys to the directory, so that a copy of them can still be verified."""
    make_directory(place)
    for path in (*files(host), host.audit.key_path):
        if os.path.lexists(path):
            os.rename(path, os.path.join(place, os.path.basename(path)))
    if os.path.exists(first_key.PATH):
        shutil.move(first_key.PATH, os.path.join(os.path.dirname(first_key.PATH), os.path.basename(place)))
    first_key.make(host)
