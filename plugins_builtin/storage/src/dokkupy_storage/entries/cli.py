"""The commands of named entries."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, Options, confirm
from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.lines import when
from dokkupy_sdk.names import ImageRef
from dokkupy_sdk.table import Column, field, listing, report

from dokkupy_storage.names import EntryName, HostPath, LabelKey, User

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_storage.records import Entry

OWNERS = "dokkupy_storage.completers:owners"
Chown = Annotated[
    str,
    Opt(
        "--chown",
        noun="USER",
        help="Owner: herokuish, heroku, paketo, root, false, or a user's number",
        complete=OWNERS,
    ),
]
Name = Annotated[EntryName, Arg("name")]
NewName = Annotated[EntryName, Arg("name", complete=())]
Key = Annotated[LabelKey, Arg("key")]
Value = Annotated[str, Arg("value", "New value; without one, the property is unset")]
ENTRIES = (Column("NAME"), Column("SCHEDULER", optional=1), Column("DIRECTORY", wraps=True))
TRASH = (Column("NAME"), Column("KEPT UNTIL"), Column("DIRECTORY", wraps=True))
SIZES = (Column("DIRECTORY", wraps=True), Column("BYTES", right=True))
CLUSTER = "docker-local does not use this value; it is kept for schedulers that do"


class NewEntry(Options):
    scheduler: Annotated[str, Opt("--scheduler", help="Scheduler of the entry", complete=("docker-local",))] = (
        "docker-local"
    )
    size: Annotated[str, Opt("--size", inert=CLUSTER)] = ""
    access_mode: Annotated[str, Opt("--access-mode", inert=CLUSTER)] = ""
    storage_class_name: Annotated[str, Opt("--storage-class-name", noun="NAME", inert=CLUSTER)] = ""
    namespace: Annotated[str, Opt("--namespace", inert=CLUSTER)] = ""
    reclaim_policy: Annotated[str, Opt("--reclaim-policy", inert=CLUSTER)] = ""
    chown: Chown = ""
    mode: Annotated[str, Opt("--mode", help="Mode of the directory, such as 0755")] = ""
    annotation: Annotated[
        list[str], Opt("--annotation", noun="KEY=VALUE", help="Annotation KEY=VALUE; repeatable")
    ] = []  # noqa: RUF012
    label: Annotated[list[str], Opt("--label", noun="KEY=VALUE", help="Label KEY=VALUE; repeatable")] = []  # noqa: RUF012


def pairs(words: list[str]) -> dict[str, str]:
    found = {}
    for word in words:
        key, mark, value = word.partition("=")
        if not mark or not value.isprintable():
            raise UserError(f"{word[:60]!r} is not KEY=VALUE")
        found[str(LabelKey(key))] = value
    return found


def shown(host: Host, entry: Entry) -> dict[str, object]:
    from dokkupy_storage.directories.sizes import of_directory
    from dokkupy_storage.mounts.mounting import users_of

    return {
        "name": entry.name,
        "scheduler": entry.scheduler,
        "host-path": entry.path,
        "chown": entry.chown,
        "mode": entry.mode,
        "size": entry.size,
        "access-mode": entry.access_mode,
        "storage-class-name": entry.storage_class_name,
        "namespace": entry.namespace,
        "reclaim-policy": entry.reclaim_policy,
        "labels": dict(entry.labels),
        "annotations": dict(entry.annotations),
        "apps": users_of(host, entry.path),
        "created-at": entry.created_at,
        **of_directory(host, entry.path),
    }


def lines(values: dict[str, object]) -> list[str]:
    return report((name.replace("-", " ").capitalize(), text(value)) for name, value in values.items())


def text(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={one}" for key, one in value.items())
    return " ".join(value) if isinstance(value, list) else str(value)


def add_entry_commands(group: Group) -> None:
    @group.command("create", permission="host:write", mutating=True)
    def create(
        host: Host, name: NewName, path: Annotated[HostPath | None, Arg("path")] = None, *, wish: NewEntry
    ) -> CommandResult:
        """Create a named entry; its directory is made in the storage root, unless a path is given."""
        from dokkupy_storage.entries import changes
        from dokkupy_storage.records import Entry

        if wish.scheduler != "docker-local":
            raise UserError(f"There is no scheduler {wish.scheduler[:40]} for storage: use docker-local")
        changes.reclaim_policy(wish.reclaim_policy)
        values = {key: value for key, value in vars(wish).items() if key not in ("annotation", "label")}
        made = Entry(name=name, path=path or "", labels=pairs(wish.label), annotations=pairs(wish.annotation), **values)
        entry = changes.create(host, made)
        host.out.section(f"Storage entry {name}: {entry.path}")
        return CommandResult(shown(host, entry))

    @group.command("set", permission="host:write", mutating=True)
    def set_property(
        host: Host,
        name: Annotated[EntryName, Arg("name", "Name of the entry; with --global, of the property")],
        prop: Annotated[str, Arg("property", complete="dokkupy_storage.completers:entry_properties")] = "",
        value: Annotated[list[str], Arg("value", "New value; without one, the property is unset")] = [],  # noqa: B006
        *,
        is_global: Annotated[bool, Opt("--global", help="Set a property of all storage, such as trash-days")] = False,
    ) -> None:
        """Set or unset a property of an entry, or with --global of all storage.

        storage:set uploads mode 0750
        storage:set --global trash-days 14
        """
        from dokkupy_storage.entries import changes

        if is_global:
            from dokkupy_sdk.operation import operation

            from dokkupy_storage.settings import SETTINGS

            given = " ".join([prop, *value]).strip()
            SETTINGS.require(name, is_global=True)
            with operation(host, "storage:set", "host") as tx:
                SETTINGS.set(tx, None, name, given)
            host.out.header(f"Setting {name} to {given}" if given else f"Unsetting {name}")
            return
        if not prop:
            raise UserError("No property specified", hint=f"There is: {', '.join(changes.CHANGEABLE)}")
        given = " ".join(value)
        changes.change(host, name, prop, given)
        host.out.header(f"Setting {prop} to {given}" if given else f"Unsetting {prop}")
        if prop in changes.OF_CLUSTERS and given:
            host.out.warn(f"storage {prop} has no effect: {CLUSTER}")

    add_destroying(group)
    add_reading(group)
    add_exec(group)
    add_pairs(group, "labels", "label")
    add_pairs(group, "annotations", "annotation")


def add_destroying(group: Group) -> None:
    @group.command("destroy", permission="host:write", mutating=True)
    def destroy(
        host: Host,
        name: Name,
        *,
        force: Annotated[bool, Opt("--force", "-f", help="Do not ask")] = False,
        destroy_host_dir: Annotated[
            bool,
            Opt(
                "--destroy-host-dir", help="Also move its directory to the trash, where it is deleted after trash-days"
            ),
        ] = False,
    ) -> CommandResult:
        """Destroy an entry; its directory stays, or is kept in the trash for some days."""
        from dokkupy_storage.entries import changes
        from dokkupy_storage.records import require_entry

        changes.require_unused(host, require_entry(host, name))
        if not force:
            confirm(host, name, f"storage entry {name}")
        entry = changes.destroy(host, name, with_directory=destroy_host_dir)
        host.out.section(f"Destroyed storage entry {name}")
        kept = f"To restore it: storage:undestroy {name}" if destroy_host_dir else f"{entry.path} stays"
        host.out.detail(kept)
        return CommandResult({"name": name, "host-path": entry.path, "directory-kept": not destroy_host_dir})

    @group.command("undestroy", permission="host:write", mutating=True)
    def undestroy(host: Host, name: Name) -> CommandResult:
        """Restore a destroyed entry from the trash, with its data."""
        from dokkupy_storage.entries import changes

        entry = changes.undestroy(host, name)
        host.out.section(f"Storage entry {name} is restored: {entry.path}")
        return CommandResult(shown(host, entry))

    @group.command("trash", permission="host:read")
    def trash(host: Host) -> CommandResult:
        """List destroyed entries that storage:undestroy can restore."""
        import time

        from dokkupy_storage.entries import changes

        rows = [
            {
                "name": one.name,
                "host-path": one.entry.path,
                "directory": "in the trash" if one.is_moved else "in place",
                "until": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one.until)),
            }
            for one in changes.destroyed(host)
        ]
        now = time.time()
        cells = [(row["name"], when(row["until"], now), row["host-path"]) for row in rows]
        return listing(rows, TRASH, cells, empty="No destroyed entry is kept")


def add_reading(group: Group) -> None:
    @group.command("measure", permission="host:write", mutating=True)
    def measure(host: Host) -> CommandResult:
        """Measure the size of the directories; the timer does this once a day."""
        from dokkupy_storage.directories import sizes

        rows = [{"host-path": path, **sizes.facts(found)} for path, found in sizes.measure(host).items()]
        return listing(
            rows, SIZES, [(row["host-path"], row["used-bytes"]) for row in rows], empty="There is no directory"
        )

    @group.command("info", permission="app:read")
    def info(host: Host, name: Name) -> CommandResult:
        """Show an entry."""
        from dokkupy_storage.records import require_entry

        found = shown(host, require_entry(host, name))
        return CommandResult(found, lines(found), header=f"{name} storage information")

    @group.command("list-entries", permission="app:read")
    def list_entries(
        host: Host,
        *,
        scheduler: Annotated[
            str, Opt("--scheduler", help="Only entries of this scheduler", complete=("docker-local",))
        ] = "",
    ) -> CommandResult:
        """List the entries that the caller may use."""
        from dokkupy_sdk.access import allowed
        from dokkupy_sdk.admin_hint import marked

        from dokkupy_storage.records import entries

        found = [
            entry
            for entry in entries(host)
            if scheduler in ("", entry.scheduler) and allowed(host, "app:read", EntryName(entry.name), "storage")
        ]
        rows = [{"name": one.name, "scheduler": one.scheduler, "host-path": one.path} for one in found]
        cells = [tuple(row.values()) for row in rows]
        empty = marked(host, "No entry: storage:create NAME")
        return listing(rows, ENTRIES, cells, header="Storage entries", empty=empty)

    @group.command("wait", permission="app:read")
    def wait(host: Host, name: Name) -> CommandResult:
        """Exit with 0 when the entry can be mounted. A directory of this host exists at once or not at all."""
        from dokkupy_storage.directories.directory import require_real
        from dokkupy_storage.records import require_entry

        entry = require_entry(host, name)
        if not require_real(host, entry.path):
            raise HostError(
                f"The directory {entry.path} of the storage entry {name} does not exist",
                hint="Attach its disk or restore its backup.",
            )
        return CommandResult({"name": name, "ready": True}, [f"-----> Storage entry {name} is ready"])


def add_exec(group: Group) -> None:
    @group.command("exec", permission="host:write", formats=False)
    def execute(
        host: Host,
        name: Name,
        command: Annotated[list[str], Arg("command", "After --, such as -- ls -l")] = [],  # noqa: B006
        *,
        image: Annotated[ImageRef | None, Opt("--image", help="Image of the container; alpine:3 if not given")] = None,
        as_user: Annotated[User | None, Opt("--as-user", help="User in the container, by name or number")] = None,
    ) -> int:
        """Run a command, by default a shell, in a new container that sees the entry's directory at /data."""
        from dokkupy_storage.entries.inside import run_in_entry
        from dokkupy_storage.records import require_entry

        return run_in_entry(host, require_entry(host, name), command, image=image or "alpine:3", user=as_user or "")


def add_pairs(group: Group, kind: str, noun: str) -> None:
    @group.command(f"{kind}:set", permission="host:write", mutating=True)
    def set_pair(host: Host, name: Name, key: Key, value: Value = "") -> None:
        """Set or unset a label or an annotation of an entry."""
        from dokkupy_storage.entries import changes

        if not value.isprintable():
            raise UserError(f"The value of {key} has control characters")
        changes.change_pair(host, name, kind, key, value)
        host.out.header(f"Setting {noun} {key} to {value}" if value else f"Unsetting {noun} {key}")

    @group.command(f"{kind}:report", permission="app:read")
    def report_pairs(host: Host, name: Name, key: Annotated[LabelKey | None, Arg("key")] = None) -> CommandResult:
        """Show the labels or annotations of an entry, or the value of one."""
        from dokkupy_storage.records import require_entry

        found = dict(getattr(require_entry(host, name), kind))
        if key is not None:
            return CommandResult({key: found.get(key, "")}, [found.get(key, "")])
        return CommandResult(found, [field(one, text) for one, text in found.items()], header=f"{name} {kind}")
