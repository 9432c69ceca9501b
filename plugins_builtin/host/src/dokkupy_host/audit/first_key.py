"""The audit's first key, which only root can read, and not the account that writes the audit."""

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
    """The key; None if there is none, or if the caller is not root."""
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
    """Create the audit's first key. An existing one stays, even if the writer's key is missing: `audit:verify` reports
    that, and
    `audit:restart` begins a new audit."""
    if not os.path.exists(PATH):
        steps.do(f"create the audit's first key, {PATH}", partial(make, host))


def make(host: Host) -> None:
    """Seal all new lines."""
    number = 1 + max((line.number for line in trail.lines(host)), default=0)
    key = os.urandom(32)
    os.makedirs(os.path.dirname(PATH), 0o755, exist_ok=True)
    write_atomic(PATH, f"{number:020d} {key.hex()}\n".encode(), mode=0o400)
    make_directory(os.path.dirname(host.audit.key_path))
    save_key(host.audit.key_path, number, key)
