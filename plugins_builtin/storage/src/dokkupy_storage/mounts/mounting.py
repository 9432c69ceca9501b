"""Mounts of apps: added, changed, removed, and the rules for them."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, HostError, NotFound, UserError
from dokkupy_sdk.mount_points import require_mountable
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, operation

from dokkupy_storage.directories.directory import give, is_below_root, is_empty, owner_of, require_real
from dokkupy_storage.names import Mountable
from dokkupy_storage.records import Mount, MountsFile, all_mounts, mounts_of, require_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

EVERY = "storage:mounts"
"""The lock of all apps' mounts, because a mount is checked against those of all apps."""


def mount_path(host: Host, app: AppName, given: Mountable) -> Mount:
    """Mount a path of the host or a docker volume. Raises Conflict when it is mounted there already, HostError if the
    path does not exist."""
    host.store.require_app(app)
    made = Mount(source=given.source, target=given.target, options=given.options)
    with operation(host, "storage:mount", f"app:{app}", also=(EVERY,)) as tx:
        if any((one.source, one.target) == (made.source, made.target) for one in mounts_of(host, app)):
            raise Conflict("Mount path already exists.", code="mounted", hint=f"List the mounts: storage:list {app}")
        return put(tx, app, made, instead_of=None)


def mount_entry(host: Host, app: AppName, name: str, wish: Mount) -> Mount:
    """Mount an entry, or change its mount at the same path. wish: all values except those that follow from the
    entry."""
    host.store.require_app(app)
    with operation(host, "storage:mount", f"app:{app}", also=(EVERY, f"storage:{name}")) as tx:
        entry = require_entry(host, name)
        made = wish.replace(
            entry=entry.id, source=os.path.join(entry.path, wish.subpath) if wish.subpath else entry.path
        )
        same = [one for one in mounts_of(host, app) if (one.entry, one.target) == (made.entry, made.target)]
        before = next((one for one in same if one.process_type == made.process_type or one.meets(made)), None)
        return put(tx, app, made, instead_of=before)


def put(tx: Transaction, app: AppName, made: Mount, *, instead_of: Mount | None) -> Mount:
    host = tx.host
    before = mounts_of(host, app)
    made = checked(host, app, made, before, instead_of)
    if made.chown:
        owner = owner_of(made.chown)
        tx.step(f"give {made.source} to {made.chown}", lambda: give(host, made.source, owner=owner))
    mounts = tuple(made if one == instead_of else one for one in before) if instead_of else (*before, made)
    tx.save(host.store.load(MountsFile, app).replace(mounts=mounts), app)
    return made


def checked(host: Host, app: AppName, made: Mount, before: Iterable[Mount], instead_of: Mount | None) -> Mount:
    """The mount with the inode of what it mounts. Raises Conflict if something else is mounted there, or if another
    mount forbids it."""
    require_mountable(made.target, made.source)
    taken = next((one for one in before if one != instead_of and one.meets(made)), None)
    if taken is not None:
        raise Conflict(
            f"{taken.source} is mounted at {taken.target} already",
            hint=f"First: storage:unmount {app} {taken.source}:{taken.target}",
            code="mounted",
        )
    made = made.replace(inode=require_real(host, made.source) if made.source.startswith("/") else 0)
    require_apart(host, app, made, instead_of)
    return made


def unmount(host: Host, app: AppName, given: Mountable, target: str = "") -> list[Mount]:
    """Remove mounts; the data stays. Raises NotFound when there is none."""
    host.store.require_app(app)
    with operation(host, "storage:unmount", f"app:{app}", takes_away=True) as tx:
        before = mounts_of(host, app)
        if given.is_entry:
            identifier = require_entry(host, given).id
            gone = [one for one in before if one.entry == identifier and target in ("", one.target)]
        elif target:
            raise UserError(
                "--container-dir is for a named entry: the path in the container is part of HOST-DIR:CONTAINER-DIR",
                hint=f"Leave out --container-dir. Such as: storage:unmount {app} /srv/data:/data",
            )
        else:
            gone = [one for one in before if (one.source, one.target) == (given.source, given.target)]
        if not gone:
            raise NotFound(
                "Mount path does not exist.", code="not_mounted", hint=f"List the mounts: storage:list {app}"
            )
        left = tuple(one for one in before if one not in gone)
        tx.save(host.store.load(MountsFile, app).replace(mounts=left), app)
    return gone


def require_apart(host: Host, app: AppName, made: Mount, instead_of: Mount | None) -> None:
    """Raise Conflict if a container could replace the directory with a link. A directory of the storage root and one inside
    it may not both be mounted, unless the outer one is read-only. The engine follows links whenever it starts a container,
    so an earlier check would not help."""
    if not is_below_root(host, made.source):
        return
    wanted = [(str(one), m.source, m.is_writable) for one, m in all_mounts(host) if (one, m) != (app, instead_of)]
    for where, source, is_writable in [*wanted, *in_force(host)]:
        is_inner, is_outer = f"{made.source}/".startswith(f"{source}/"), f"{source}/".startswith(f"{made.source}/")
        if source == made.source or not (is_inner or is_outer):
            continue
        if is_writable if is_inner else made.is_writable:
            raise Conflict(
                f"{where} mounts {source}: whoever can write to the outer directory could replace the inner one with "
                "a link",
                hint="Mount the outer directory in both apps, or mount it read-only. An unmount takes effect with the "
                "next deploy.",
                code="nested",
            )


def in_force(host: Host) -> Iterable[tuple[str, str, bool]]:
    """(app, source, whether it is writable) of what serving releases mount, including what was unmounted since."""
    from dokkupy_apps.releases.records import current

    for app in host.store.apps():
        release = current(host, app)[0]
        for word in {word for words in release.options.values() for word in words} if release is not None else ():
            name, _, text = word.partition("=")
            fields = dict(part.partition("=")[::2] for part in text.split(","))
            if name == "--mount" and fields.get("type") == "bind":
                yield str(app), fields.get("source", ""), "readonly" not in fields


def users_of(host: Host, path: str) -> list[str]:
    """The apps that mount a directory or something in it, or whose containers still have it."""
    mounted = [(str(app), mount.source) for app, mount in all_mounts(host)]
    running = [(app, source) for app, source, _ in in_force(host)]
    return sorted({app for app, source in (*mounted, *running) if f"{source}/".startswith(f"{path}/")})


def require_intact(host: Host, app: AppName) -> None:
    """Raise HostError if a mounted directory is missing, or if a different, empty one has its path: a disk may not be
    attached, or a restore may have skipped it."""
    for mount in mounts_of(host, app):
        if not mount.source.startswith("/"):
            continue
        inode = require_real(host, mount.source)
        if mount.inode and inode != mount.inode and is_empty(mount.source):
            raise HostError(
                f"{mount.source}, which {app} mounts at {mount.target}, is not the same directory as before, and is "
                "empty",
                hint="Attach its disk or restore its backup. If the empty directory is correct, unmount it and mount "
                "it again.",
                code="replaced",
            )
