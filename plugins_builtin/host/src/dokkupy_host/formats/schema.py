"""The published schema of what `--json` prints: JSON Schema 2020-12, from the types that the plugins declare."""

from __future__ import annotations

from dokkupy_sdk.answers import DryRun, Report
from dokkupy_sdk.registry import Registry

from dokkupy_host.formats.envelope import SCHEMA
from dokkupy_host.formats.typed import KINDS, facts_of, kind_of, settings_of, snake, type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REF = "#/$defs/{name}"
ERROR = {
    "type": "object",
    "description": "code: stable. message: what happened, to what. hint: what to do. plugin: whose error it is, or null.",
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "hint": {"type": "string"},
        "details": {"type": "array", "items": {"type": "string"}},
        "plugin": {"type": ["string", "null"]},
    },
    "required": ["code", "message", "hint", "details", "plugin"],
}


def commands_with_data(registry: Registry) -> list[str]:
    """The names of all commands that take `--json`, in order."""
    groups = (registry.load(entry) for entry in registry.group("dokkupy.commands").values())
    return sorted(one.full_name for group in groups for one in group.commands.values() if one.formats)


def schema(registry: Registry) -> dict[str, Any]:
    """The envelope, and for each command the schema of its data."""
    import msgspec

    names = commands_with_data(registry)
    kinds = {name: type_of(registry, name) for name in names}
    plain = {name: kind for name, kind in kinds.items() if kind is not None and kind is not Report}
    found, definitions = msgspec.json.schema_components([*plain.values(), DryRun], ref_template=REF)
    data: dict[str, Any] = dict(zip(plain, found, strict=False))
    for name in names:
        if kinds[name] is Report:
            definitions[name] = report_schema(registry, name, definitions)
            one = {"$ref": REF.format(name=name)}
            data[name] = {"anyOf": [one, {"type": "array", "items": one}]}
    cases = [
        {
            "if": {"properties": {"command": {"const": name}}},
            "then": {"properties": {"data": {"anyOf": [{"type": "null"}, data[name], found[-1]]}}},
        }
        for name in names
        if name in data
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What dokkupy prints with --json",
        "description": "error is null, or says why there is no data. status is the exit status.",
        "type": "object",
        "properties": {
            "schema": {"const": SCHEMA},
            "command": {"type": "string"},
            "status": {"type": "integer"},
            "data": {},
            "error": {"anyOf": [{"type": "null"}, {"$ref": REF.format(name="Error")}]},
        },
        "required": ["schema", "command", "status", "data", "error"],
        "allOf": cases,
        "$defs": {**dict(sorted(definitions.items())), "Error": ERROR},
    }


def report_schema(registry: Registry, name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """A report's properties and declared facts by their types; null for one that is not set. Its other keys are texts.
    definitions: gets those of its types."""
    import msgspec

    settings = settings_of(registry, name)
    keys: dict[str, Any] = {"app": {"type": ["string", "null"]}}
    for prop, declared in sorted((settings.listed if settings is not None else {}).items()):
        kind = kind_of(declared)
        shape = {"type": ["null", "string" if kind == "text" else kind], "description": declared.help}
        keys.update({f"{before}{snake(prop)}": shape for before in ("", *KINDS)})
    facts = facts_of(registry, name)
    shapes, found = msgspec.json.schema_components(list(facts.values()), ref_template=REF)
    definitions.update(found)
    declared_facts = dict(zip(facts, shapes, strict=True))
    keys |= {key: value for key, value in declared_facts.items() if "*" not in key}
    numbered = {f"^{key.replace('*', '[0-9]+')}$": value for key, value in declared_facts.items() if "*" in key}
    return {"type": "object", "properties": keys, **({"patternProperties": numbered} if numbered else {})}
