"""The data of results with its declared type: `dokkupy_<plugin>.answers` has a type for each command of the plugin.

Field names are in snake case; a field that a report gives as text is a boolean or number where its property is one.
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from importlib.util import find_spec

from dokkupy_sdk import Host
from dokkupy_sdk.registry import Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dokkupy_sdk.cli import CommandResult
    from dokkupy_sdk.entry import Command
    from dokkupy_sdk.settings import Property, Settings


def command_named(registry: Registry, name: str) -> Command | None:
    from dokkupy_sdk.entry import find_namespace

    namespace, _, verb = name.partition(":")
    entry = find_namespace(registry, namespace)
    return registry.load(entry).commands.get(verb) if entry is not None else None


def type_of(registry: Registry, name: str) -> Any:
    """The declared type of a command's data; None if nobody declares one."""
    from dokkupy_sdk.answers import Done, Ended

    command = command_named(registry, name)
    if command is None:
        return None
    returns = command.function.__annotations__.get("return")
    if returns in ("None", None):
        return Done
    if returns == "int":
        return Ended
    module = f"{command.function.__module__.partition('.')[0]}.answers"
    if find_spec(module) is None:
        return None
    answers: dict[str, Any] = import_module(module).ANSWERS
    return answers.get(name) or answers.get(f"*:{command.name}")


def data_of(host: Host, name: str, answer: CommandResult) -> Any:
    """The data, converted to the declared type as far as it fits; a test holds that it does."""
    import msgspec
    from dokkupy_sdk.answers import DryRun, Report

    plain = json.loads(json.dumps(answer.data, default=str))
    declared = type_of(host.registry, name)
    if isinstance(plain, dict) and plain.get("dry_run") and "plan" in plain:
        declared = DryRun
    if plain is None or declared is None:
        return plain
    if declared is Report:
        settings, facts = settings_of(host.registry, name), facts_of(host.registry, name)
        rows = [reported(settings, one, facts) for one in (plain if isinstance(plain, list) else [plain])]
        return rows if isinstance(plain, list) else rows[0]
    plain = named(plain, declared)
    try:
        found = msgspec.to_builtins(msgspec.convert(plain, declared, strict=False))
    except msgspec.ValidationError as error:
        host.out.debug(f"{UNTYPED.format(name=name)}: {error}")
        return plain
    if missing := lost(plain, found):
        host.out.debug(f"{UNTYPED.format(name=name)}: it has no {', '.join(sorted(missing))}")
        return plain
    return found


def lost(before: Any, after: Any) -> set[str]:
    """The keys of records that a conversion has dropped, because their type does not declare them."""
    if isinstance(before, dict) and isinstance(after, dict):
        inner = [lost(value, after[key]) for key, value in before.items() if key in after]
        return (before.keys() - after.keys()).union(*inner)
    if isinstance(before, list) and isinstance(after, list):
        return set().union(*(lost(one, other) for one, other in zip(before, after, strict=True)))
    return set()


def facts_of(registry: Registry, name: str) -> dict[str, Any]:
    """The types of a report's keys that are no properties, as its plugin declares them in `REPORTS`."""
    from dokkupy_sdk.entry import find_namespace

    entry = find_namespace(registry, name.partition(":")[0])
    module = f"{entry.module.partition('.')[0]}.answers" if entry is not None else ""
    if not module or find_spec(module) is None:
        return {}
    found: dict[str, Any] = getattr(import_module(module), "REPORTS", {}).get(name, {})
    return found


def from_text(text: str, kind: Any) -> Any:
    """A text as what its declared type reads: the elements of a list, null for no value; else unchanged."""
    import typing

    marks = getattr(kind, "__metadata__", ("",))
    bare = kind.__origin__ if hasattr(kind, "__metadata__") else kind
    if marks[0] == "epoch":
        return moment(text) if text.isdecimal() else None
    if typing.get_origin(bare) is list:
        if text.startswith("["):
            return json.loads(text)
        parts = [one.strip() for one in text.split(marks[0] or None)]
        return [one for one in parts if one not in NOTHING]
    members = typing.get_args(bare)
    if text == "" and type(None) in members and (str not in members or marks[0] == "time"):
        return None
    return text


NOTHING = ("", "-", "none")
"""How the reports for people say that a list has no element."""


def moment(seconds: str) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def named(data: Any, kind: Any) -> Any:
    """The data with the field names of its type. Keys of maps are others' names and stay."""
    import typing

    if isinstance(data, str):
        return from_text(data, kind)
    kind = kind.__origin__ if hasattr(kind, "__metadata__") else kind
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if typing.is_typeddict(kind):
        fields = typing.get_type_hints(kind, include_extras=True)
        if not isinstance(data, dict):
            return data
        return {field: named(value, fields.get(field)) for key, value in data.items() for field in [snake(key)]}
    if origin is list and isinstance(data, list):
        return [named(one, parts[0]) for one in data]
    if origin is dict and isinstance(data, dict):
        return {key: named(value, parts[1]) for key, value in data.items()}
    if parts and origin not in (list, dict):  # a union: the member that is of the data's kind
        shapes = {list: list, dict: dict}
        for one in parts:
            shape = dict if typing.is_typeddict(one) else typing.get_origin(one)
            if shape in shapes and isinstance(data, shape):
                return named(data, one)
    return data


def snake(key: str) -> str:
    """`host-path` and `HostPath` as `host_path`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).replace("-", "_").replace(" ", "_").replace(".", "_").lower()


def fields_of(kind: Any) -> list[str]:
    """The fields of a record type or of a list of them; none for anything else."""
    import typing

    if typing.get_origin(kind) is list:
        kind = typing.get_args(kind)[0]
    return list(typing.get_type_hints(kind)) if typing.is_typeddict(kind) else []


def settings_of(registry: Registry, name: str) -> Settings | None:
    entry = registry.find("dokkupy.settings", name.partition(":")[0])
    return registry.load(entry) if entry is not None else None


UNTYPED = "The data of {name} is not of its declared type"

KINDS = ("global_", "computed_")


def reported(settings: Settings | None, keys: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """A report with each value under one name, and of its own type. facts: the types of its keys that are no properties."""
    import msgspec

    properties = {snake(name): prop for name, prop in settings.properties.items()} if settings is not None else {}
    found: dict[str, Any] = {}
    before = ""
    for key, value in keys.items():
        if before and key.endswith(f"-{before}"):  # Dokku's second name of the value before it
            before = ""
            continue
        before = key
        name = snake(key)
        short = next((name.removeprefix(kind) for kind in KINDS if name.startswith(kind)), name)
        fact = facts.get(re.sub(r"\d+", "*", name))
        if fact is not None and isinstance(value, str):
            found[name] = msgspec.to_builtins(msgspec.convert(from_text(value, fact), fact, strict=False))
        else:
            found[name] = value_of(properties.get(short), value)
    return found


def value_of(prop: Property | None, value: Any) -> Any:
    """A value of a report as JSON: null for an unset boolean or number."""
    kind = kind_of(prop)
    if kind != "string" and value == "":
        return None
    if kind == "integer" and isinstance(value, str):
        return int(value) if value.isdigit() else value
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) and kind != "text" else value


def kind_of(prop: Property | None) -> str:
    """boolean, integer or text, for a property; string, for a key of a report that belongs to none."""
    from dokkupy_sdk.settings import boolean

    if prop is None:
        return "string"
    return "boolean" if prop.parse is boolean else "integer" if hasattr(prop.parse, "is_number") else "text"
