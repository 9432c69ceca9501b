"""What each role may do, as a table: every command by viewer, deployer and admin on what is theirs, on what is not, on
services linked and not, with `--all` and `--global`. Computed by the functions that decide when a command is typed.

`docs/generate.py` writes it into the reference; `tests/architecture/test_permissions.py` types the same commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dokkupy.cli.declare import Command, Group, Parameter, Scope, parameters
from dokkupy.cli.parse import parse
from dokkupy.cli.permission import check_call
from dokkupy.errors import Denied, UserError
from dokkupy.host import Host
from dokkupy.kernel.registry import Registry
from dokkupy.model.names import AppName
from dokkupy_apps.releases.private_names import identity_of

OWN, OTHER = "own", "zebra"
ROLES = ("viewer", "deployer", "admin")
COLUMNS = {
    "own app": OWN,
    "other app": OTHER,
    "service of own apps": "ownsvc",
    "service of others": "othersvc",
    "service without links": "loosesvc",
    "--all": "--all",
    "--global": "--global",
    "no argument": "",
}
APPS = ("own app", "other app")
SERVICES = ("service of own apps", "service of others", "service without links")

SAMPLES = (
    *("web", "7", "example.com", "KEY", "https://example.com/x.tar.gz", "web=1", "http:80:5000", "/srv/x"),
    *("0a1b2c3d", "5%", "30 3 * * *", "deployer", "SHA256:" + "A" * 43, "2026-01-01", "ro"),
    "/srv/x:/opt/x",
)
"""Texts of which every type that a command takes accepts one; a new type without one here fails."""


BACKUPS = {OWN: "aaaaaa", OTHER: "bbbbbb"}
"""App -> the id of a backup of it."""

STORAGE = {OWN: "ownstore", OTHER: "otherstore"}
"""App -> a storage entry that it mounts."""

OF_APPS = {"app", "scope", "subject", "backup", "subject or backup", "storage"}
OF_SERVICES = {"service", "subject", "subject or backup"}


@dataclass(frozen=True, slots=True)
class Call:
    """A command, typed for one column of the table."""

    command: Command
    column: str
    words: tuple[str, ...]


def world(root: Path, registry: Registry) -> Host:
    """A host with two apps, a service of each kind for each and one without links, and a key for each role; the viewer's
    and the deployer's app is `own`."""
    host = Host(str(root), registry=registry)
    for app in (OWN, OTHER):
        host.store.write("apps", app, "app", data={"created_at": "2026-01-01T00:00:00+00:00", "private": app})
    for kind in ("services", *registry.group("dokkupy.datastore")):
        for name, app in (("ownsvc", OWN), ("othersvc", OTHER)):
            host.store.write("services", kind, name, "links", app, data={"app": app})
    for app, name in STORAGE.items():
        path = str(root.parent / "dokku" / "data" / "storage" / name)
        host.store.write("storage", name, data={"name": name, "id": name, "path": path})
        host.store.write("apps", app, "storage", data={"mounts": [{"source": path, "entry": name, "target": "/data"}]})
    for app, backup in BACKUPS.items():
        made_of = {"subject": f"app:{app}", "identity": identity_of(host, AppName(app))}
        host.store.write("backups", "records", backup, data={"backup": made_of})
    keys = {role: {"role": role, "apps": [OWN] if role != "admin" else []} for role in ROLES}
    host.store.write("global", "ssh-keys", data={"keys": keys})
    return host


def commands(registry: Registry) -> list[Command]:
    groups = [registry.load(entry) for entry in registry.group("dokkupy.commands").values()]
    return [command for group in groups if isinstance(group, Group) for command in group.commands.values()]


def kind_of(item: Parameter) -> str:
    """What an argument names, by its type: an app, a service, a subject of backups, a backup; else nothing."""
    if item.kind == "scope":
        return "scope"
    return getattr(item.convert, "noun", "") if hasattr(item.convert, "owners") else ""


def calls(command: Command) -> Iterator[Call]:
    """The command in every column that its arguments allow."""
    declared = parameters(command.function)
    places = [item for item in declared if item.kind in ("argument", "scope", "rest")]
    nouns = [kind_of(item) for item in places]
    flags = {flag for item in declared for flag in item.flags if item.kind == "option"}
    must = [
        word
        for item in declared
        if item.kind == "option" and item.required and not item.is_bool and not item.many
        for word in (item.flags[0], sample(item))
    ]
    for column, what in COLUMNS.items():
        if column in APPS and not OF_APPS & {*nouns}:
            continue
        if column in SERVICES and not OF_SERVICES & {*nouns}:
            continue
        if column.startswith("--") and "scope" not in nouns and column not in flags:
            continue
        if column == "no argument" and any(item.required and noun for item, noun in zip(places, nouns, strict=True)):
            continue
        words = [*must, *words_of(places, nouns, column, what)]
        yield Call(command, column, (*words, column) if column.startswith("--") else tuple(words))


def words_of(places: list[Parameter], nouns: list[str], column: str, what: str) -> Iterator[str]:
    for item, noun in zip(places, nouns, strict=True):
        if noun == "scope":
            if column in APPS:
                yield what
        elif noun == "app":
            if column not in ("no argument", "--all", "--global"):
                yield what if column in APPS else OWN
        elif noun == "service":
            yield what if column in SERVICES else "ownsvc"
        elif noun == "backup":
            yield BACKUPS[what]
        elif noun == "storage":
            yield STORAGE[what] if column in APPS else STORAGE[OWN]
        elif noun in ("subject", "subject or backup"):
            if column != "no argument":
                yield f"app:{what}" if column in APPS else f"postgres:{what}"
        elif item.required:
            yield sample(item)


def sample(item: Parameter) -> str:
    for text in SAMPLES:
        try:
            item.convert(text)
        except UserError:
            continue
        return text
    raise LookupError(f"none of SAMPLES is a {item.convert.__name__}: add one to docs/permissions.py")


def verdict(host: Host, role: str, call: Call) -> str:
    """`yes`, `no`, or for `--all` what the command reaches."""
    asking = host.for_invocation(who=f"key:{role}")
    try:
        parsed = parse(call.command, list(call.words))
    except UserError:
        return ""  # this command refuses these arguments
    try:
        check_call(asking, parsed)
    except Denied:
        return "no"
    if any(isinstance(value, Scope) and value.is_all for value in parsed.arguments) and role != "admin":
        return "own"
    return "yes"


def row(host: Host, command: Command) -> list[str]:
    """viewer/deployer/admin in each column."""
    cells = {call.column: "/".join(verdict(host, role, call) for role in ROLES) for call in calls(command)}
    return [cells.get(column, "").replace("//", "") for column in COLUMNS]


def page(registry: Registry, root: Path) -> str:
    host = world(root, registry)
    lines = [
        "# Permissions",
        "",
        "What the key of a viewer, a deployer and an admin may do, in this order: `no/yes/yes` is refused to the viewer. The",
        "viewer's and the deployer's only app is the own one. `own` with `--all`: the command reaches the key's apps alone. An",
        "empty cell: the command takes no such argument. A permission on a service follows from the apps that it is linked to,",
        "and so does one on a backup. `cli/permission.py` decides; this table is computed by it, and a test types it.",
        "",
        "| command | permission | " + " | ".join(f"`{c}`" if c.startswith("--") else c for c in COLUMNS) + " |",
        "|---|---|" + "---|" * len(COLUMNS),
    ]
    for command in sorted(commands(registry), key=lambda one: one.full_name):
        lines.append(f"| `{command.full_name}` | {command.permission} | " + " | ".join(row(host, command)) + " |")
    return "\n".join(lines) + "\n"
