"""The records: named entries, destroyed ones in the trash, and apps' mounts. Only reading."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy_sdk import Host
from dokkupy_sdk.errors import NotFound
from dokkupy_sdk.names import AppName
from dokkupy_sdk.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PHASES = ("deploy", "run")
"""The phases whose containers can have mounts. A build has none: BuildKit cannot mount a directory of the host."""


class Entry(Record, file="storage/*"):
    """A directory with a name. id: never used again, also when another entry gets the name. chown: the requested owner,
    as typed. size, access_mode, storage_class_name, namespace, reclaim_policy: for schedulers of clusters."""

    name: str
    id: str = ""
    path: str = ""
    created_at: str = ""
    scheduler: str = "docker-local"
    chown: str = ""
    mode: str = ""
    size: str = ""
    access_mode: str = ""
    storage_class_name: str = ""
    namespace: str = ""
    reclaim_policy: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class DestroyedEntry(Record, file="storage-trash/*"):
    """until: when it is deleted from the trash, in epoch seconds. is_moved: whether its directory is in the trash, and
    is deleted then."""

    name: str
    until: int
    is_moved: bool
    entry: Entry


class Mount(Record):
    """One mount of an app. source: a directory or file of the host, or a docker volume. entry: the id of the named entry
    that it belongs to, else empty; subpath: below its directory. phases: whose containers have it. process_type: the only
    type whose instances have it; empty for all. options: docker's, such as `ro`. inode: of the directory when it was
    mounted, so that a different, empty directory with the same path is detected."""

    source: str
    target: str
    entry: str = ""
    subpath: str = ""
    phases: tuple[str, ...] = PHASES
    process_type: str = ""
    chown: str = ""
    options: str = ""
    inode: int = 0

    @property
    def is_writable(self) -> bool:
        return "ro" not in self.options.split(",")

    def meets(self, other: Mount) -> bool:
        """Whether one container could have both at the same path."""
        same_type = not self.process_type or not other.process_type or self.process_type == other.process_type
        return self.target == other.target and same_type and bool({*self.phases} & {*other.phases})


class MountsFile(Record, file="apps/*/storage"):
    mounts: tuple[Mount, ...] = ()


def mounts_of(host: Host, app: AppName) -> tuple[Mount, ...]:
    # Every deploy and many reports call this, so an app without mounts loads no record.
    return host.store.load(MountsFile, app).mounts if host.store.has_file("apps", app, "storage") else ()


def all_mounts(host: Host) -> Iterator[tuple[AppName, Mount]]:
    for app in host.store.apps():
        for mount in mounts_of(host, app):
            yield app, mount


def find_entry(host: Host, name: str) -> Entry | None:
    return host.store.find(Entry, name)


def require_entry(host: Host, name: str) -> Entry:
    found = find_entry(host, name)
    if found is None:
        raise NotFound(f"Storage entry {name} does not exist", hint="List them: storage:list-entries")
    return found


def entries(host: Host) -> list[Entry]:
    return [require_entry(host, name) for name in host.store.names("storage")]
