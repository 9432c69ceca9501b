"""`storage:*` (reference, section 1.31): mounts of apps. Those of named entries are in `entry_cli`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_report
from dokkupy_sdk.cli import Annotated, AppOrAll, Arg, CommandResult, Group, Host, Opt, Options, Scope, apps_of
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.table import Column, listing

from dokkupy_storage.entries.cli import OWNERS, Chown, add_entry_commands
from dokkupy_storage.names import ContainerPath, DirectoryName, Mountable, MountOptions, SubPath
from dokkupy_storage.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dokkupy_storage.records import Mount

group = Group("storage", "Manage directories that outlive an app's containers")

App = Annotated[AppName, Arg("app")]
Path = Annotated[Mountable, Arg("storage", "Name of an entry, or HOST-DIR:CONTAINER-DIR[:OPTIONS]")]
Directory = Annotated[
    ContainerPath | None, Opt("--container-dir", help="Where to mount a named entry: the path in the container")
]


class MountWish(Options):
    """How a named entry is mounted."""

    phase: Annotated[
        list[str], Opt("--phase", help="Phase in which it is mounted; both if not given", complete=("deploy", "run"))
    ] = []  # noqa: RUF012
    process_type: Annotated[
        ProcessType | None, Opt("--process-type", help="Only in instances of this process type")
    ] = None
    volume_subpath: Annotated[
        SubPath | None, Opt("--volume-subpath", noun="PATH", help="Subdirectory of the entry to mount")
    ] = None
    volume_readonly: Annotated[bool, Opt("--volume-readonly", help="Mount read-only")] = False
    volume_chown: Annotated[
        str, Opt("--volume-chown", noun="USER", help="Owner to give the directory to, as for --chown", complete=OWNERS)
    ] = ""
    volume_options: Annotated[
        MountOptions | None, Opt("--volume-options", help="Docker's mount options, separated by commas")
    ] = None

    @property
    def is_plain(self) -> bool:
        """Whether the mount gives an app that already has the entry no further access."""
        options = {*str(self.volume_options or "").split(",")}
        return not self.volume_subpath and not self.volume_chown and options <= {"", "ro", "rw"}


@group.command("mount", permission="app:write", mutating=True)
def mount(host: Host, app: App, storage: Path, *, container_dir: Directory = None, wish: MountWish) -> CommandResult:
    """Mount an entry, or a directory of the host, in an app's containers.

    storage:mount blog blog-uploads:/app/uploads
    """
    from dokkupy_apps.settings.effect import announce_effect
    from dokkupy_apps.settings.process_types import warn_of_unknown_types
    from dokkupy_sdk.access import check_access

    from dokkupy_storage.mounts import mounting, render

    host.store.require_app(app)
    if storage.is_entry:
        if container_dir is None:
            raise UserError(
                "Please specify where to mount it: --container-dir /PATH",
                hint=f"storage:mount {app} {storage.source} --container-dir /data",
            )
        if not wish.is_plain:
            check_access(host, "app:admin", app)
        made = mounting.mount_entry(host, app, storage, wished(container_dir, wish))
    else:
        given = [name for name, value in vars(wish).items() if value]
        if container_dir is not None or given:
            raise UserError("These options are for a named entry", hint=f"storage:create NAME {storage.source}")
        made = mounting.mount_path(host, app, storage)
    announce_effect(host, app)
    warn_of_unknown_types(host, app, [wish.process_type] if wish.process_type else [], "the mount")
    names = {made.entry: str(storage)} if storage.is_entry else {}
    return CommandResult({"app": app, **render.fields(made, names)})


def wished(target: ContainerPath, wish: MountWish) -> Mount:
    from dokkupy_storage.records import PHASES, Mount

    if unknown := [phase for phase in wish.phase if phase not in PHASES]:
        no_build = "; docker mounts no directory of the host in a build" if unknown[0] == "build" else ""
        raise UserError(f"{unknown[0][:40]!r} is not a phase of a mount: use deploy or run{no_build}")
    phases = tuple(
        phase for phase in PHASES if phase in (wish.phase or ("deploy",) if wish.process_type else wish.phase or PHASES)
    )
    if wish.process_type and phases != ("deploy",):
        raise UserError("--process-type is only for the phase deploy")
    words = [word for word in str(wish.volume_options or "").split(",") if word]
    if wish.volume_readonly:
        words = ["ro", *(word for word in words if word not in ("ro", "rw"))]
    return Mount(
        source="",
        target=target,
        subpath=wish.volume_subpath or "",
        phases=phases,
        process_type=wish.process_type or "",
        chown=wish.volume_chown,
        options=",".join(words),
    )


@group.command("unmount", permission="app:write", mutating=True)
def unmount(host: Host, app: App, storage: Path, *, container_dir: Directory = None) -> CommandResult:
    """Unmount an entry or a directory; the data stays."""
    from dokkupy_apps.settings.effect import announce_effect

    from dokkupy_storage.mounts import mounting

    gone = mounting.unmount(host, app, storage, container_dir or "")
    announce_effect(host, app)
    return CommandResult({"app": app, "unmounted": [{"host_path": m.source, "container_path": m.target} for m in gone]})


@group.command("list", permission="app:read")
def list_mounts(host: Host, app: App) -> CommandResult:
    """List the mounts of an app."""
    from dokkupy_storage import records
    from dokkupy_storage.mounts import render

    found = records.mounts_of(host, host.store.require_app(app))
    names = entry_names(host)
    rows = [
        {
            "host_path": one.source,
            "container_path": one.target,
            "volume_options": one.options,
            "entry_name": names.get(one.entry, ""),
            "phases": [*one.phases],
            "process_type": one.process_type,
        }
        for one in found
    ]
    return listing(
        rows,
        MOUNTS,
        [mount_cells(row) for row in rows],
        elsewhere=[f"-----> {app} volume bind-mounts:", *(f"       {render.colon_form(one)}" for one in found)],
        empty=f"{app} has no mount: storage:mount {app} NAME:/PATH",
    )


MOUNTS = (
    Column("DIRECTORY", wraps=True),
    Column("IN THE CONTAINER", wraps=True),
    Column("OPTIONS", optional=2),
    Column("PHASES", optional=3),
    Column("PROCESS", optional=1),
)


def mount_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    phases = " ".join(row["phases"])
    return row["host_path"], row["container_path"], row["volume_options"], phases, row["process_type"] or "all"


@group.command("ensure-directory", permission="host:write", mutating=True)
def ensure_directory(
    host: Host, directory: Annotated[DirectoryName, Arg("directory")], *, chown: Chown = "herokuish"
) -> CommandResult:
    """Create a directory in the storage root, and set its owner."""
    import os

    from dokkupy_storage.directories.directory import ensure, owner_of, storage_root

    owner, path = owner_of(chown), os.path.join(storage_root(host), directory)
    host.act(f"make {path}", lambda: ensure(host, path, owner=owner))
    host.out.section(f"Ensuring {path} exists")
    if owner is not None:
        host.out.detail(f"Setting directory ownership to {owner}:{owner}")
    host.out.detail("Directory ready for mounting")
    return CommandResult({"path": path, "owner": owner})


@group.command("migrate", permission="app:admin", mutating=True)
def migrate(host: Host, scope: AppOrAll = Scope(is_all=True)) -> CommandResult:  # noqa: B008 - never changed
    """Turn docker options that mount directories (`-v`) into mounts; their effect stays the same."""
    from dokkupy_storage.mounts import render
    from dokkupy_storage.mounts.migration import migrate

    rows = []
    for app in apps_of(host, scope, "app:admin"):
        rows += [{"app": app, "mount": render.colon_form(one)} for one in migrate(host, app)]
    return CommandResult(rows, [f"-----> {row['app']}: {row['mount']}" for row in rows])


def entry_names(host: Host) -> dict[str, str]:
    from dokkupy_storage.records import entries

    return {entry.id: entry.name for entry in entries(host)}


def extra(host: Host, app: AppName | None) -> dict[str, str]:
    if app is None:
        return {}
    from dokkupy_storage import records
    from dokkupy_storage.directories import sizes
    from dokkupy_storage.mounts import render

    mounts = records.mounts_of(host, app)
    keys = render.report(mounts, entry_names(host) if any(one.entry for one in mounts) else {})
    return {**keys, **sizes.of_app(host, [one.source for one in mounts])}


BEYOND = ("trash-days", "used-bytes", "growth-bytes-per-day")
"""The properties that Dokku does not have."""

# Not `add_property_commands`, whose `storage:set` is Dokku's for the properties of one entry.
add_report(group, SETTINGS, prefix="storage", word="storage", extra=extra, beyond=BEYOND, plain=False)
add_entry_commands(group)
