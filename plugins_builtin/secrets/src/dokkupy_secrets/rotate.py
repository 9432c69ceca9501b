"""A new key for all values: it is added to the keys, every file is written with it, and old keys that nothing uses are
removed.

If it is killed anywhere, all files can still be read, because a key stays until no file uses it. Run again, it finishes.
The key before the newest stays until the next rotation, because a command that began before this one may still write with
it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dokkupy_sdk import Host
from dokkupy_sdk.errors import NotFound, StateError
from dokkupy_sdk.failpoints import failpoint
from dokkupy_sdk.files import write_atomic
from dokkupy_sdk.names import Secret
from dokkupy_sdk.state_files import services
from dokkupy_sdk.values import dataclass

from dokkupy_secrets import keyring, tokens
from dokkupy_secrets.cipher import MISSING, KeyringCipher
from dokkupy_secrets.key_file import write
from dokkupy_secrets.keyring import MARK

LOCK_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Rotated:
    """key: the id of the new key. files: how many were written. removed, kept: ids of the old keys."""

    key: str
    files: int
    removed: tuple[str, ...]
    kept: tuple[str, ...]


def rotate(host: Host) -> Rotated:
    """Raises NotFound without a key, and StateError, before anything is changed, for a file that cannot be read and for a
    value whose key is missing."""
    path = keyring.path_of(host.root)
    with host.lock("secrets", wait=LOCK_SECONDS, what="The keys of secrets"):
        keys, used = require_keys(path), tokens.ids(host)
        require_known(path, keys, used)
        if keys[0].id in used or len(keys) == 1:
            keys = (keyring.fresh(), *keys)
            failpoint("secrets:rotate: before the new key")
            write(path, keys)
        failpoint("secrets:rotate: after the new key")
        files = encrypt(host)
        used = tokens.ids(host)
        left = (*keys[:2], *(key for key in keys[2:] if key.id in used))
        failpoint("secrets:rotate: before the old keys")
        if left != keys:
            write(path, left)
        failpoint("secrets:rotate: after the old keys")
    removed = tuple(key.id for key in keys if key not in left)
    return Rotated(keys[0].id, files, removed, tuple(key.id for key in left[1:]))


def require_known(path: str, keys: tuple[keyring.Key, ...], used: set[str]) -> None:
    missing = sorted(used - {key.id for key in keys})
    if missing:
        raise StateError(f"Values are encrypted with keys that are not in {path}: {', '.join(missing)}", hint=MISSING)


def require_keys(path: str) -> tuple[keyring.Key, ...]:
    keys = keyring.load(path)
    if not keys:
        raise NotFound(f"There is no encryption key for secrets in {path}", hint="Create one: sudo dokkupy setup")
    return keys


def encrypt(host: Host) -> int:
    """Write every file whose secrets do not have the newest key, or none; returns how many there were."""
    cipher = KeyringCipher(host)
    newest, kinds = cipher.keys[0].id, tokens.record_kinds(host)

    def seal(secret: Secret, where: str) -> str:
        kept = secret.sealed
        if kept is not None and kept.where == where and kept.startswith(f"{MARK}{newest}:"):
            return str(kept)
        return str(cipher.seal(secret.reveal(), where))

    with acting_as_owner(host.root):
        return sum(again(host, subject, top, kinds, seal) for subject, top in subjects(host))


def subjects(host: Host) -> list[tuple[str, str]]:
    """(lock, directory) of everything that has files. Taking the lock waits for running operations."""
    apps = [(f"app:{app}", f"apps/{app}") for app in host.store.apps()]
    owners = [(service, f"services/{service.replace(':', '/')}") for service in services(host.store)]
    return [*apps, *owners, ("host", "global"), ("host", "backups")]


def again(
    host: Host, subject: str, top: str, kinds: Sequence[type], seal: Callable[[Secret, str], str], tries: int = 3
) -> int:
    count = 0
    with host.lock(subject, wait=LOCK_SECONDS, what="" if ":" in subject else "The host"):
        for path in tokens.tables(host, top):
            for _ in range(tries):
                changed = rewritten(host, path, kinds, seal)
                if changed is not None:
                    count += changed
                    break
    return count


def rewritten(host: Host, path: str, kinds: Sequence[type], seal: Callable[[Secret, str], str]) -> bool | None:
    """Whether the file was written; None if a process with a different lock wrote it meanwhile."""
    parts, text = tokens.parts_of(host, path), tokens.read(path)
    if not text:
        return False
    before = os.stat(path)
    table = tokens.typed(kinds, parts, host.store.decode(parts, text))
    if MARK.encode() not in text and not any(True for _ in tokens.plain(table)):
        return False
    new = host.store.encode(parts, table, seal)
    if new == text or host.store.decode(parts, new) == host.store.decode(parts, text):
        return False
    failpoint(f"secrets:rotate: before {'/'.join(parts)}")
    if not os.path.exists(path) or not os.path.samestat(before, os.stat(path)):
        return None
    write_atomic(path, new, mode=before.st_mode & 0o777)
    failpoint(f"secrets:rotate: after {'/'.join(parts)}")
    return True


@contextmanager
def acting_as_owner(root: str) -> Iterator[None]:
    """Root writes the state as the state's owner, so that a symbolic link of that account cannot redirect root's
    writes."""
    owner, uid, gid = os.stat(root), os.geteuid(), os.getegid()
    if uid != 0 or owner.st_uid == 0:
        yield
        return
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(uid)
        os.setegid(gid)
