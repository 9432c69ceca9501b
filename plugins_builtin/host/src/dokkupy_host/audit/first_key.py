"""The audit's first key: root's alone, out of reach of the account that writes the audit."""

from __future__ import annotations

import os
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.audit import read_key, save_key
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.setup import Steps

from dokkupy_host.audit import trail
from dokkupy_host.audit.verify import Key

PATH = "/etc/dokkupy/audit.first-key"


def first_key() -> Key | None:
    """None when there is none, or the caller is not root."""
    return key_in(PATH)


def current_key(host: Host) -> Key | None:
    return key_in(host.audit.key_path)


def key_in(path: str) -> Key | None:
    try:
        number, key = read_key(path)
    except PermissionError:
        return None
    return Key(number, key) if key else None


def ensure(host: Host, steps: Steps) -> None:
    """Give the audit its first key. One that exists stays, also when the writer's key is gone: that is for
    `audit:verify` to report and for `audit:restart` to settle."""
    if not os.path.exists(PATH):
        steps.do(f"create the audit's first key, {PATH}", partial(make, host))


def make(host: Host) -> None:
    """Seal all lines that come."""
    number = 1 + max((line.number for line in trail.lines(host)), default=0)
    key = os.urandom(32)
    os.makedirs(os.path.dirname(PATH), 0o755, exist_ok=True)
    write_atomic(PATH, f"{number:020d} {key.hex()}\n".encode(), mode=0o400)
    make_directory(os.path.dirname(host.audit.key_path))
    save_key(host.audit.key_path, number, key)
