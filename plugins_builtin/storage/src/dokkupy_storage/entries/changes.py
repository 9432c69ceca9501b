"""Named entries: created, changed, destroyed, and kept in the trash."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.deletions import may_delete
from dokkupy_sdk.disk import KEPT, Reclaimable
from dokkupy_sdk.errors import Conflict, NotFound, UserError
from dokkupy_sdk.many import over_each, warn_of
from dokkupy_sdk.operation import call, new_id, operation

from dokkupy_storage.directories.directory import (
    as_root,
    ensure,
    give,
    mode_of,
    name_in_root,
    owner_of,
    require_real,
    storage_root,
)
from dokkupy_storage.mounts.mounting import EVERY, users_of
from dokkupy_storage.names import EntryName
from dokkupy_storage.records import DestroyedEntry, Entry, entries, find_entry, require_entry
from dokkupy_storage.settings import SETTINGS

DAY = 86400
FIXED = ("access-mode", "storage-class-name")
CHANGEABLE = ("chown", "mode", "namespace", "reclaim-policy", "size")
OF_CLUSTERS = ("access-mode", "namespace", "reclaim-policy", "size", "storage-class-name")
"""Properties that docker-local does not use; they are kept for schedulers that do."""


def create(host: Host, wish: Entry) -> Entry:
    """Create an entry; an existing one with the same path stays as it is. Raises Conflict if its path differs."""
    name = EntryName(wish.name)
    path = wish.path or os.path.join(storage_root(host), name)
    owner = owner_of(wish.chown) if wish.chown else None
    mode = mode_of(wish.mode) if wish.mode else ""
    with operation(host, "storage:create", f"storage:{name}", also=(EVERY,)) as tx:
        before = find_entry(host, name)
        if before is not None:
            if wish.path and wish.path != before.path:
                raise Conflict(
                    f"Storage entry {name} exists with the path {before.path}",
                    code="name_taken",
                    hint="Choose another name, or leave out the path.",
                )
            return before
        other = next((one for one in entries(host) if one.path == path), None)
        if other is not None:
            raise Conflict(
                f"Storage entry {other.name} has the path {path}",
                code="path_taken",
                hint=f"Use that entry, or another path: storage:info {other.name}",
            )
        made = wish.replace(path=path, id=new_id(), created_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        if not name_in_root(host, path):
            require_real(host, path)
        elif os.path.lexists(path):
            host.out.warn(f"{path} exists already: the entry uses its content")
        if name_in_root(host, path):
            tx.step(f"make {path}", lambda: ensure(host, path, owner=owner), undo=call(unmake, path=path))
        elif owner is not None:
            tx.step(f"give {path} to {wish.chown}", lambda: give(host, path, owner=owner))
        if mode:
            tx.step(f"set the mode of {path} to {mode}", lambda: give(host, path, mode=mode))
        tx.save(made, name)
    return made


def unmake(host: Host, *, path: str) -> None:
    """Undo of creating a directory. One that is not empty existed before, and stays."""
    try:
        os.rmdir(path)
    except OSError:
        pass


def change(host: Host, name: str, prop: str, value: str) -> Entry:
    """Set or unset one property. Raises UserError for one that cannot be changed."""
    if prop in FIXED:
        raise UserError(
            f"{prop} of a storage entry cannot be changed",
            hint=f"Properties that can be changed: {', '.join(CHANGEABLE)}. For another path, create another entry: storage:create NAME PATH",
        )
    if prop not in CHANGEABLE:
        raise UserError(f"Invalid property specified, valid properties include: {', '.join(CHANGEABLE)}")
    if prop == "reclaim-policy":
        reclaim_policy(value)
    owner = owner_of(value) if prop == "chown" and value else None
    mode = mode_of(value) if prop == "mode" and value else ""
    with operation(host, "storage:set", f"storage:{name}") as tx:
        after = require_entry(host, name).replace(**{prop.replace("-", "_"): value})
        if owner is not None or mode:
            require_real(host, after.path)
            tx.step(
                f"set the {prop} of {after.path} to {value}", lambda: give(host, after.path, owner=owner, mode=mode)
            )
        tx.save(after, name)
    return after


def reclaim_policy(text: str) -> str:
    if text not in ("", "Retain", "Delete"):
        raise UserError(f"{text[:40]!r} is not a reclaim policy: use Retain or Delete")
    return text


def change_pair(host: Host, name: str, kind: str, key: str, value: str) -> Entry:
    """Set or unset a label or an annotation. kind: labels or annotations."""
    with operation(host, f"storage:{kind}", f"storage:{name}") as tx:
        before = require_entry(host, name)
        pairs = {**getattr(before, kind), key: value}
        after = before.replace(**{kind: {one: text for one, text in pairs.items() if text}})
        tx.save(after, name)
    return after


# destroy and the trash


def trash_path(host: Host, identifier: str) -> str:
    """The trash is beside the directories, because a move to another parent requires the permission to write to the
    moved directory."""
    return os.path.join(storage_root(host), f".trash-{identifier}")


def destroy(host: Host, name: str, *, with_directory: bool) -> Entry:
    """Remove an entry. Its directory stays, or is moved to the trash. Raises Conflict while it is mounted."""
    with operation(host, "storage:destroy", f"storage:{name}", also=(EVERY,), takes_away=True) as tx:
        entry = require_entry(host, name)
        require_unused(host, entry)
        if with_directory and not name_in_root(host, entry.path):
            raise UserError(
                f"{entry.path} is not directly in {storage_root(host)}, so it is not removed",
                hint="Run the command without --destroy-host-dir",
            )
        until = int(time.time()) + int(SETTINGS.get(host.store, None, "trash-days")) * DAY
        tx.save(DestroyedEntry(name=name, until=until, is_moved=with_directory, entry=entry), entry.id)
        if with_directory:
            there, kept = entry.path, trash_path(host, entry.id)
            tx.step(
                f"move {there} to the trash",
                lambda: move(host, source=there, target=kept),
                undo=call(move, source=kept, target=there),
            )
        tx.remove(Entry, name)
    host.events.record("storage_destroyed", storage=name)
    return entry


def require_unused(host: Host, entry: Entry) -> None:
    users = users_of(host, entry.path)
    if users:
        raise Conflict(
            f"Storage entry {entry.name} is mounted by: {', '.join(users)}",
            hint=f"First: storage:unmount {users[0]} {entry.name}, then ps:restart {users[0]}",
            code="mounted",
        )


def move(host: Host, *, source: str, target: str) -> None:
    """Idempotent: a missing directory was moved already, or never existed."""
    if os.path.lexists(source) and not os.path.lexists(target):
        os.rename(source, target)


def destroyed(host: Host) -> list[DestroyedEntry]:
    """The entries in the trash, the next to be deleted first. A broken record causes a warning."""
    done, failed = over_each(host.store.names("storage-trash"), lambda one: host.store.find(DestroyedEntry, one))
    warn_of(host, failed)
    return sorted((found for _, found in done if found is not None), key=lambda one: one.until)


def undestroy(host: Host, name: str) -> Entry:
    """Restore the last destroyed entry of this name, with its data. Raises NotFound."""
    with operation(host, "storage:undestroy", f"storage:{name}", also=(EVERY,)) as tx:
        if find_entry(host, name) is not None:
            raise Conflict(
                f"Storage entry {name} already exists",
                code="name_taken",
                hint=f"Destroy that entry first, if you do not need it: storage:destroy {name}",
            )
        kept = [one for one in destroyed(host) if one.name == name]
        if not kept:
            raise NotFound(f"There is no destroyed storage entry {name}", hint="See: storage:trash")
        entry = kept[-1].entry
        there, trash = entry.path, trash_path(host, entry.id)
        if kept[-1].is_moved:
            if os.path.lexists(there):
                raise Conflict(f"{there} exists again", hint="Move it away first", code="path_taken")
            tx.step(
                f"move {there} back",
                lambda: move(host, source=trash, target=there),
                undo=call(move, source=there, target=trash),
            )
        require_real(host, there) if not host.dry_run else None
        tx.save(entry, name)
        tx.remove(DestroyedEntry, entry.id)
    return entry


def empty_trash(host: Host) -> None:
    """The timer's job."""
    if may_delete(host, "storage-trash"):
        purge_due(host)


def purge_due(host: Host, now: float | None = None) -> None:
    """Delete what the trash has kept long enough."""
    at = time.time() if now is None else now
    _, failed = over_each([one for one in destroyed(host) if one.until <= at], lambda one: purge(host, one))
    warn_of(host, [(one.name, error) for one, error in failed])


def in_trash(host: Host) -> Iterator[Reclaimable]:
    """The content of the trash, for `cleanup --trash`. The sizes are from the last measurement before the
    destruction."""
    from dokkupy_storage.directories.sizes import of_directory

    for one in destroyed(host):
        days = max(0, int(one.until - time.time()) // DAY)
        size = int(of_directory(host, one.entry.path)["used-bytes"] or 0) if one.is_moved else 0
        yield Reclaimable(
            "destroyed storage entry",
            one.name,
            size,
            f"storage:undestroy can restore it for {days} more days",
            partial(purge, host, one),
            level=KEPT,
        )


def purge(host: Host, one: DestroyedEntry) -> None:
    with operation(host, "storage:purge", f"storage:{one.name}", also=(EVERY,), takes_away=True) as tx:
        if host.store.find(DestroyedEntry, one.entry.id) is None:
            return  # it was restored meanwhile
        path = trash_path(host, one.entry.id)
        if one.is_moved and os.path.lexists(path):
            # The parent is mounted, because a mount point itself cannot be removed.
            script = 'rm -rf "/work/$NAME"'
            tx.step(f"delete {path}", lambda: as_root(host, script, storage_root(host), NAME=os.path.basename(path)))
        tx.remove(DestroyedEntry, one.entry.id)
