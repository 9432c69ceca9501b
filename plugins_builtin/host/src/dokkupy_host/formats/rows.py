"""Data as a table: a list of records is a row each, a record one row, a map a row for each key."""

from __future__ import annotations

import json

from dokkupy_sdk import Host

from dokkupy_host.formats.typed import data_of, fields_of, type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dokkupy_sdk.cli import CommandResult


def rows_of(host: Host, command: str, answer: CommandResult) -> tuple[list[str], list[list[str]]]:
    """The heading and the rows; no heading for a command without data."""
    data, declared = data_of(host, command, answer), type_of(host.registry, command)
    heads = fields_of(declared)
    if isinstance(data, dict) and not heads and declared is not None:
        return ["key", "value"], [[key, cell(value)] for key, value in data.items()]
    if data is None:
        return [], []
    records = data if isinstance(data, list) else [data]
    if not any(isinstance(one, dict) for one in records) and not heads:
        return ["value"], [[cell(one)] for one in records]
    heads = list(dict.fromkeys([*heads, *(key for one in records for key in one)]))
    return heads, [[cell(one.get(head)) for head in heads] for one in records]


def cell(value: Any) -> str:
    """The text of a value: nothing for null, JSON for a list or a record."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
