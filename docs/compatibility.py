"""Compares Dokku's commands, flags, properties, report keys and app.json keys (`dokku.toml`, beside this file) with what is
registered here. `docs/generate.py` writes the comparison into the reference; `tests/docs/test_compatibility.py` holds it.
"""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from dokkupy.cli.declare import Command, Group, Parameter, find_namespace, parameters
from dokkupy.cli.parse import parse
from dokkupy.errors import UserError
from dokkupy.host import Host
from dokkupy.kernel.registry import Registry
from dokkupy_app_json.notices import notices
from dokkupy_app_json.reader import parse_app_json
from dokkupy_apps.testing import deploy
from dokkupy_sdk.settings import Settings
from dokkupy_sdk.testing import fake_host

CATALOGUE = Path(__file__).with_name("dokku.toml")
OTHER_PLATFORMS = ("caddy", "haproxy", "openresty", "traefik", "scheduler-k3s")
"""Groups for another proxy or scheduler: plugins of their own, which are counted apart."""
PLUGINS = ("letsencrypt", "maintenance", "redirect", "http-auth")
"""Groups that are separate plugins in Dokku too."""
TOP_LEVEL = "top-level"
CORE = frozenset(tomllib.loads(CATALOGUE.read_text())["commands"])
#: What every command takes, declared once for all of them.
EVERYWHERE = frozenset({"--format", "--help", "-h", "--quiet", "--app"})


@dataclass(frozen=True, slots=True)
class Row:
    """A thing of Dokku's, and how it is here. kind: command, property, report key, app.json key. name: as Dokku's users type
    it. verdict: same, better, partly or missing. why: what is better, or what is lacking."""

    kind: str
    group: str
    name: str
    verdict: str
    why: str = ""


def catalogue() -> dict[str, Any]:
    return tomllib.loads(CATALOGUE.read_text())


def rows(registry: Registry) -> list[Row]:
    known = catalogue()
    found = [
        *commands(registry, known),
        *datastore_commands(registry, known),
        *properties(registry, known),
        *report_keys(registry, known),
        *app_json_keys(registry, known),
    ]
    return [judged(row, known) for row in found]


def is_core(row: Row) -> bool:
    """Whether it is a command of Dokku's core, for the proxy and the scheduler that are here."""
    return row.kind == "command" and row.group in CORE and row.group not in (*OTHER_PLATFORMS, *PLUGINS)


def judged(row: Row, known: dict[str, Any]) -> Row:
    """With the reason that the catalogue gives for a difference."""
    is_there = row.verdict != "missing" or row.kind == "app.json key"  # the user sees that a key has no effect
    if is_there and (why := reason(known["better"], row)):
        return replace(row, verdict="better", why=why)
    if row.verdict == "same":
        return row
    return replace(row, why="; ".join(filter(None, (row.why, reason(known["missing"], row)))))


def reason(table: dict[str, str], row: Row) -> str:
    return next((why for pattern, why in table.items() if fnmatchcase(row.name, pattern)), "")


# commands


def commands(registry: Registry, known: dict[str, Any]) -> Iterator[Row]:
    for group, entries in known["commands"].items():
        for verb, flags in entries.items():
            name = verb if group == TOP_LEVEL else f"{group}:{verb}" if verb else group
            yield compared(registry, group, name, flags)


def datastore_commands(registry: Registry, known: dict[str, Any]) -> Iterator[Row]:
    store = known["datastore"]
    for engine in store["engines"]:
        for verb, flags in store["commands"].items():
            if verb not in store["lacks"].get(engine, ()):
                yield compared(registry, engine, f"{engine}:{verb}", flags)
    for engine in store["missing-engines"]:
        present = find_namespace(registry, engine) is not None
        yield Row("command", "datastores", f"{engine}:*", "same" if present else "missing")


def compared(registry: Registry, group: str, name: str, flags: list[str]) -> Row:
    command = find(registry, name)
    if command is None:
        return Row("command", group, name, "missing")
    lacking = [flag for flag in flags if not takes(command, flag)]
    inert = [flag for flag in flags if has_no_effect(command, flag)]
    parts = [f"without {', '.join(f'`{flag}`' for flag in lacking)}"] if lacking else []
    parts += [f"`{', '.join(inert)}` without effect"] if inert else []
    return Row("command", group, name, "partly" if parts else "same", "; ".join(parts))


def find(registry: Registry, name: str) -> Command | None:
    """The command that is run when a user types this name."""
    namespace, _, verb = name.partition(":")
    entry = find_namespace(registry, namespace)
    group = registry.load(entry) if entry is not None else None
    if not isinstance(group, Group):
        return None
    if verb or "" in group.commands:
        return group.commands.get(verb)
    return group.commands.get(group.bare or "")


def takes(command: Command, flag: str) -> bool:
    if flag in EVERYWHERE or (flag == "--force" and command.permission != "open"):
        return True
    return any(flag in item.flags or accepts_scope(item, flag) or is_info(command, item) for item in of(command))


def is_info(command: Command, item: Parameter) -> bool:
    """A report takes the name of each of its values as a flag; elsewhere what is not declared is somebody else's."""
    return item.kind == "unknown-flags" and command.name in ("report", "info")


def accepts_scope(item: Parameter, flag: str) -> bool:
    return item.kind == "scope" and flag in ("--all", "--global")


def has_no_effect(command: Command, flag: str) -> bool:
    return any(flag in item.flags and item.inert for item in of(command))


def of(command: Command) -> list[Parameter]:
    return parameters(command.function)


# properties


def properties(registry: Registry, known: dict[str, Any]) -> Iterator[Row]:
    groups = {entry.name: registry.load(entry) for entry in registry.group("dokkupy.settings").values()}
    declared = {found.namespace: found for found in groups.values() if isinstance(found, Settings)}
    for group, names in known["properties"].items():
        for name in names:
            prop = declared[group].properties.get(name) if group in declared else None
            if prop is None:
                yield Row("property", group, f"{group} {name}", "missing")
            elif prop.inert and not registry.handles(f"{group}.{name}"):
                yield Row("property", group, f"{group} {name}", "partly", f"without effect: {prop.inert}")
            else:
                yield Row("property", group, f"{group} {name}", "same")


# reports


def report_keys(registry: Registry, known: dict[str, Any]) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as directory:
        host = deployed_host(Path(directory) / "state", registry)
        for group, flags in known["reports"].items():
            present = keys_of_report(host, find(registry, f"{group}:report"))
            for flag in flags:
                verdict = "same" if f"--{flag}" in present else "missing"
                yield Row("report key", group, f"{group}:report --{flag}", verdict)


def deployed_host(root: Path, registry: Registry) -> Host:
    """A host of fakes on which all plugins are installed and the app `blog` is deployed."""
    deploy(fake_host(root), "blog", {"Procfile": "web: serve", "Dockerfile": "FROM scratch"})
    return fake_host(root, plugins=tuple({entry.plugin for entry in registry.all}), real=("source", "proxy"))


def keys_of_report(host: Host, command: Command | None) -> set[str]:
    """The values that a report offers for an app, read from what it says of a flag that it does not know."""
    if command is None:
        return set()
    call = parse(command, ["blog", "--no-such-value"])
    try:
        command.function(host, *call.arguments, **call.keywords)
    except UserError as error:
        return set(re.findall(r"--[a-z0-9-]+", error.message))
    raise AssertionError(f"{command.full_name} takes any flag")


# app.json


def app_json_keys(registry: Registry, known: dict[str, Any]) -> Iterator[Row]:
    """A key is the same where a deploy says nothing of it: what has no effect gets a line."""
    for key, example in known["app-json"].items():
        facts = parse_app_json(example.encode(), "app.json")
        lines = notices("app.json", facts, registry.handles)
        yield Row("app.json key", "app.json", f"app.json {key}", "missing" if lines else "same")


# the page

KINDS = {
    "command": "commands",
    "property": "properties",
    "report key": "report keys",
    "app.json key": "keys of app.json",
}
VERDICTS = ("same", "better", "partly", "missing")


def page(registry: Registry) -> str:
    found = rows(registry)
    out = [
        "# Dokku compatibility",
        "",
        "What Dokku 0.38.27 has and how it is here: commands with their flags, properties, the values of reports, the keys of",
        "app.json. *Same* takes the same arguments and flags; *better* differs on purpose; *partly* lacks the flags named.",
        "",
        f"| | {' | '.join(VERDICTS)} | of |",
        "|---|---|---|---|---|---|",
        total("core commands, without other proxies and k3s", [row for row in found if is_core(row)]),
        total("all commands, with plugins and datastores", [row for row in found if row.kind == "command"]),
        *(
            total(title, [row for row in found if row.kind == kind])
            for kind, title in KINDS.items()
            if kind != "command"
        ),
        "",
    ]
    for group in dict.fromkeys(row.group for row in found):
        out += section(group, [row for row in found if row.group == group])
    return "\n".join(out)


def total(title: str, counted: list[Row]) -> str:
    counts = [sum(row.verdict == verdict for row in counted) for verdict in VERDICTS]
    return f"| {title} | {' | '.join(map(str, counts))} | {len(counted)} |"


def section(group: str, found: list[Row]) -> list[str]:
    same = [f"`{row.name}`" for row in found if row.verdict == "same"]
    out = [f"## {group}", "", *([f"Same: {', '.join(same)}.", ""] if same else [])]
    others = [row for row in found if row.verdict != "same"]
    if others:
        out += ["| | | |", "|---|---|---|"]
        out += [f"| `{row.name}` | {row.verdict} | {row.why} |" for row in others]
        out.append("")
    return out
