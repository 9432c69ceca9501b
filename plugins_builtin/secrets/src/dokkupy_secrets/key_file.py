"""The key file, which belongs to root, and which otherwise only the system user can read."""

from __future__ import annotations

import os
import stat

from dokkupy_sdk.files import write_atomic
from dokkupy_sdk.setup import login
from dokkupy_sdk.users import USER

from dokkupy_secrets import keyring

MODE = 0o440


def write(path: str, keys: tuple[keyring.Key, ...]) -> None:
    """Replace the key file atomically."""
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    write_atomic(path, keyring.text_of(keys).encode(), mode=MODE)
    close(path)


def owner() -> tuple[int, int]:
    own = login(USER) if os.geteuid() == 0 else None
    return (0, own.pw_gid) if own is not None else (os.geteuid(), os.getegid())


def close(path: str) -> None:
    os.chown(path, *owner())
    os.chmod(path, MODE)


def is_closed(path: str) -> bool:
    """Whether the system user, and nobody else, can read it."""
    found = os.stat(path)
    return stat.S_IMODE(found.st_mode) == MODE and (os.geteuid() != 0 or (found.st_uid, found.st_gid) == owner())


def is_too_closed(path: str) -> bool:
    """Whether the system user cannot read it, so that each command of another user than root fails."""
    found, group = os.stat(path), owner()[1]
    return not found.st_mode & stat.S_IROTH and not (found.st_mode & stat.S_IRGRP and found.st_gid == group)
