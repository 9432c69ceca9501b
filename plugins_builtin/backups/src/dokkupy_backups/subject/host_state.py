"""The subject `host`: everything of the state that another machine needs to become this one.

Not in it: the backups' own encryption keys (a backup that carries its key is an open one), what belongs to running
processes (locks, scratch, work, builds), what is made again (caches, the proxy's trees, challenges) and journals of
operations that ended, and of backups. Nor are services' data and apps' volumes: they are subjects of their own.

Secrets of the state are encrypted with a key that no backup has. In the archive they are not, since it leaves this process
for the encrypted repository alone: who has the repository's key restores it on any host, which encrypts them with its own
key before they are written there.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial

from dokkupy_sdk import Host, secret_files
from dokkupy_sdk.errors import Conflict, HostError, StateError, UserError
from dokkupy_sdk.files import make_directory, scratch_directory
from dokkupy_sdk.operation import Call, Transaction, call, operation, unfinished
from dokkupy_sdk.roles import BackupSubject

from dokkupy_backups.subject.offered import plugins
from dokkupy_backups.subject.tar_stream import inner, is_table, pack, unpack, walk

LEFT_OUT = (
    "locks",
    "reserve",
    "tmp",
    "cache",
    "builds",
    "app-logs",
    "work",
    "nginx",
    "challenges",
    "journal/closed",
    "journal/new",
    "backups/keys",
    "backups/interrupted",
    "backups/restore",
    "home/.cache",
    "home/.docker/buildx",
)

OWN_STAYS = ("backups", "journal", "logs")
"""What a new host already has and keeps. Restored files of these go beside them."""

OF_THIS_ENGINE = ("global/images.toml", "global/images.toml.previous")
"""What is true of one machine's engine only (the ids of its images): a restore keeps what this machine has."""

KEPT_LOGS = "restored"
PLACE = "backups/restore"
BLOCK = 512


def wanted(path: str) -> bool:
    return path not in LEFT_OUT and not path.endswith((".tmp", ".lock"))


class HostState(BackupSubject):
    name = "host"
    suffix = "tar"

    def __init__(self, host: Host) -> None:
        self.host = host

    def holds(self) -> bool:
        """Whether the host has apps or services; without them, nothing would be lost."""
        return bool(self.host.store.apps() or self.host.store.names("services"))

    def describe(self) -> Mapping[str, str]:
        system = os.uname()
        return {
            "kind": "host",
            "name": system.nodename,
            "machine": system.machine,
            "plugins": " ".join(f"{name}=={version}" for name, version in sorted(plugins(self.host).items())),
        }

    def invariants(self) -> Mapping[str, str]:
        return invariants_of(self.host.root)

    def dump(self, write: Callable[[bytes], object]) -> None:
        pack(self.host.root, self.paths(), write, self.in_clear)

    def in_clear(self, path: str, content: bytes) -> bytes:
        try:
            return secret_files.in_clear(self.host.store, parts_of(path), content) if is_state(path) else content
        except StateError:
            return content  # a broken file, as it is

    def encrypted(self, path: str, content: bytes) -> bytes:
        return secret_files.encrypted(self.host.store, parts_of(path), content) if is_state(path) else content

    def paths(self) -> Iterator[str]:
        """All paths, and then the packs of git repositories again, because a repack during the backup moves objects into
        new packs."""
        root, seen, own_work = self.host.root, set[str](), journals_of_backups(self.host)
        for path in kept(root, self.host.out.warn):
            if path.startswith(own_work):
                continue
            seen.add(path)
            yield path
        for repository in sorted(listing(os.path.join(root, "repos"))):
            packs = f"repos/{repository}/objects/pack"
            for name in sorted(listing(os.path.join(root, packs))):
                if f"{packs}/{name}" not in seen and wanted(name):
                    yield f"{packs}/{name}"

    def check(self, head: bytes, tail: bytes, size: int) -> None:
        """A tar stream is blocks of 512 bytes, has `ustar` in the first, and ends in two of NULs (POSIX pax)."""
        if size < 3 * BLOCK or size % BLOCK or head[257:262] != b"ustar" or tail[-2 * BLOCK :].strip(b"\0"):
            raise HostError(
                f"The archive of the host's state is incomplete: {size} bytes",
                code="bad_archive",
                hint="Run the backup again. If it fails again, check the free space and the health of the disk.",
            )

    def verify(self, pieces: Iterable[bytes], about: Mapping[str, str]) -> Mapping[str, str]:
        with scratch_directory(self.host.path("tmp", "backups-host")) as directory:
            unpack(pieces, directory, self.encrypted)
            require_parsing(directory)
            return invariants_of(directory)

    def restore(self, pieces: Iterable[bytes], about: Mapping[str, str], *, to: str = "") -> None:
        if to:
            raise UserError(
                "A host is restored on the host where the command runs; --to is for services", hint="Leave out --to."
            )
        host = self.host
        if host.store.apps() and not host.force:
            raise Conflict(
                f"The backup would replace the {len(host.store.apps())} apps of this host",
                hint="Restore onto a fresh host, or use --force.",
            )
        with operation(host, "backups:unpack-host", "host-state") as unpacking:
            # Not in a scratch directory, which a later process would remove, because it becomes the previous state.
            draft = f"{PLACE}/{unpacking.id}"
            unpacking.register_undo("unpack", call(remove, place=draft))
            staged = host.path(draft, "new")
            make_directory(staged)
            unpack(pieces, staged, self.encrypted)
            require_parsing(staged)
            keep_own(host.root, staged)
            # No command may change an app or service of either state meanwhile, nor before a killed restore is undone.
            also = sorted({*subjects_in(host.root), *subjects_in(staged)})
            with operation(host, "backups:restore-host", "host", also=tuple(also)) as tx:
                tx.commit(replace_state(tx, draft))
        host.out.section("The state is restored. Install the plugins that it names, then: dokkupy recover")


def journals_of_backups(host: Host) -> tuple[str, ...]:
    """What the journal has of running backups, of which this is one: on another machine they could only be cancelled."""
    subjects = {one: str(entries[0]["subject"]) for one, entries in unfinished(host) if entries}
    own = [one for one, subject in subjects.items() if subject.startswith(("backup:", "backup-target:"))]
    return tuple(path for one in own for path in (f"journal/open/{one}", f"journal/backups/{one}"))


def is_state(path: str) -> bool:
    return path.split("/")[0] in ("apps", "global", "services", "backups") and is_table(path)


def parts_of(path: str) -> tuple[str, ...]:
    return tuple(path.removesuffix(".previous").removesuffix(".toml").split("/"))


def invariants_of(root: str) -> dict[str, str]:
    """Numbers of what there is, and a hash of the paths that make it up. Logs, journals and what backups note of
    themselves change by being looked at, and git moves its objects about; they are not in it."""
    found = {f"{name}: number": str(len(listing(os.path.join(root, name)))) for name in ("repos", "services")}
    apps = [
        name
        for name in listing(os.path.join(root, "apps"))
        if os.path.exists(os.path.join(root, "apps", name, "app.toml"))
    ]
    found["apps: number"] = str(len(apps))
    found["releases: number"] = str(
        sum(name.endswith(".toml") for app in apps for name in listing(os.path.join(root, "apps", app, "releases")))
    )
    found["ssh keys: number"] = str(len(keys_of(root)))
    digest, count = hashlib.sha256(), 0
    for path in kept(root):
        if path.split("/")[0] in OWN_STAYS or "/objects/" in path or path.endswith(".previous"):
            continue
        digest.update(path.encode(errors="surrogateescape") + b"\0")
        count += 1
    return {**found, "paths: number": str(count), "content of paths": digest.hexdigest()}


def keys_of(root: str) -> dict[str, object]:
    try:
        with open(os.path.join(root, "global", "ssh-keys.toml"), "rb") as file:
            return dict(tomllib.load(file).get("keys", {}))
    except FileNotFoundError:
        return {}


def require_parsing(root: str) -> None:
    """Raise StateError unless every table of the state can be read."""
    for path in walk(root, wanted):
        full = os.path.join(root, path)
        if path.endswith(".toml") and is_state(path) and os.path.isfile(full):
            try:
                with open(full, "rb") as file:
                    tomllib.load(file)
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise StateError(
                    f"{path} in the backup does not parse: {error}",
                    hint="Use an earlier backup: dokkupy backups:list host",
                ) from error


def kept(root: str, warn: Callable[[str], None] = lambda _: None) -> Iterator[str]:
    """The paths of a state that are backed up: files, directories, and links that stay inside."""
    for path in walk(root, wanted):
        full = os.path.join(root, path)
        try:
            mode = os.lstat(full).st_mode
            if stat.S_ISLNK(mode):
                inner(path, os.readlink(full))
        except FileNotFoundError:
            continue
        except HostError:
            warn(f"{path} points outside the state directory, so the backup does not contain it")
            continue
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode):
            yield path


def listing(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except (FileNotFoundError, NotADirectoryError):
        return []


# replacing the state


def subjects_in(root: str) -> Iterator[str]:
    """The subjects of operations on the apps and services of a state."""
    yield from (f"app:{name}" for name in listing(os.path.join(root, "apps")))
    for kind in listing(os.path.join(root, "services")):
        yield from (f"service:{kind}:{name}" for name in listing(os.path.join(root, "services", kind)))


def keep_own(root: str, staged: str) -> None:
    """Put this machine's own records in the place of the old machine's."""
    for path in OF_THIS_ENGINE:
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(staged, path))
        if os.path.exists(os.path.join(root, path)):
            make_directory(os.path.dirname(os.path.join(staged, path)))
            shutil.copy2(os.path.join(root, path), os.path.join(staged, path))


def replace_state(tx: Transaction, draft: str) -> tuple[Call, ...]:
    """Exchange the state with what was unpacked into `draft`, which gets a name of this operation first: the operation that
    unpacked it removes only what still has the old name. Returns what to do after the commit."""
    root, place = tx.host.root, f"{PLACE}/{tx.id}"
    tx.register_undo("take what was unpacked", call(remove, place=place))
    os.rename(os.path.join(root, draft), os.path.join(root, place))
    names = sorted(listing(os.path.join(root, place, "new")))
    for name in names:
        if name not in OWN_STAYS:
            undo = call(put_back, place=place, name=name)
            tx.step(f"replace {name}", partial(swap, root, place, name), undo=undo)
    beside = [call(put_beside, place=place, name=name) for name in names if name in OWN_STAYS]
    return (*beside, call(remove, place=place))


def move(source: str, target: str) -> None:
    """Rename a path. If the file system cannot rename a directory (the lower layer of an overlay, a mount), its content is
    moved piece by piece, continuing what a killed move left."""
    try:
        os.rename(source, target)
        return
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.ENOTEMPTY, errno.EEXIST) or not os.path.isdir(source):
            raise
    found = os.lstat(source)
    make_directory(target)
    os.chmod(target, stat.S_IMODE(found.st_mode))
    os.chown(target, found.st_uid, found.st_gid)
    for name in os.listdir(source):
        move(os.path.join(source, name), os.path.join(target, name))
    os.rmdir(source)


def swap(root: str, place: str, name: str) -> None:
    own(os.path.join(root, place, "new", name), root)
    old = os.path.join(root, place, "old")
    make_directory(old)
    if os.path.lexists(os.path.join(root, name)):
        move(os.path.join(root, name), os.path.join(old, name))
    move(os.path.join(root, place, "new", name), os.path.join(root, name))


def put_back(host: Host, *, place: str, name: str) -> None:
    """Undo a partial or complete `swap`."""
    current, old = host.path(name), host.path(place, "old", name)
    staged = host.path(place, "new", name)
    if os.path.lexists(staged):  # it was not moved to its path
        if os.path.lexists(old):
            move(old, current)
    elif os.path.lexists(old):
        move(current, staged)
        move(old, current)
    elif os.path.lexists(current) and os.path.isdir(host.path(place)):
        move(current, staged)


def put_beside(host: Host, *, place: str, name: str) -> None:
    """Add what does not exist yet. Logs go into their own directory, because the audit's chain belongs to the new host."""
    staged = host.path(place, "new", name)
    if os.path.lexists(staged):
        own(staged, host.root)
        merge(staged, host.path(name, KEPT_LOGS) if name == "logs" else host.path(name))


def merge(source: str, target: str) -> None:
    if not os.path.lexists(target):
        make_directory(os.path.dirname(target))
        os.rename(source, target)
    elif os.path.isdir(source) and os.path.isdir(target) and not os.path.islink(source):
        for name in listing(source):
            merge(os.path.join(source, name), os.path.join(target, name))


def own(path: str, root: str) -> None:
    """Give what root unpacked to the system user, who owns the state."""
    if os.geteuid() == 0:
        owner = os.stat(root)
        os.lchown(path, owner.st_uid, owner.st_gid)
        for directory, names, files in os.walk(path):
            for name in (*names, *files):
                os.lchown(os.path.join(directory, name), owner.st_uid, owner.st_gid)


def remove(host: Host, *, place: str) -> None:
    if place.startswith(f"{PLACE}/"):
        shutil.rmtree(host.path(place), ignore_errors=True)
