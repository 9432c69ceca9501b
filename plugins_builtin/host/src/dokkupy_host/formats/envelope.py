"""The forms of a result for programs (entry-point group `dokkupy.formats`)."""

from __future__ import annotations

from dokkupy_sdk import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dokkupy_sdk.cli import CommandResult

SCHEMA = 1
"""The number of the envelope's schema. Fields are only added under the same number."""


def envelope(host: Host, command: str, answer: CommandResult | None, error: dict[str, Any]) -> dict[str, Any]:
    """What every command answers: its data, or its error, in the same five fields."""
    found: dict[str, Any] = {"schema": SCHEMA, "command": command, "status": 0, "data": None, "error": None}
    error = error or error_in(answer)
    if answer is not None and not error:
        from dokkupy_host.formats.typed import data_of

        return {**found, "status": answer.status, "data": data_of(host, command, answer)}
    said = {"code" if name == "error" else name: value for name, value in error.items() if name != "exit_code"}
    return {**found, "status": error["exit_code"], "error": said}


def error_in(answer: CommandResult | None) -> dict[str, Any]:
    """The error of a result that only has an exit status for people: `config:get` of a variable that is not set."""
    data = answer.data if answer is not None else None
    if not isinstance(data, dict) or not {"error", "exit_code"} <= data.keys():
        return {}
    return {name: data[name] for name in ("error", "message", "hint", "details", "exit_code", "plugin")}


def as_json(host: Host, command: str, answer: CommandResult | None, error: dict[str, Any]) -> str:
    import json

    return json.dumps(envelope(host, command, answer, error), default=str) + "\n"


def as_yaml(host: Host, command: str, answer: CommandResult | None, error: dict[str, Any]) -> str:
    import json

    import yaml

    plain = json.loads(as_json(host, command, answer, error))
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120)
    return text


def as_csv(host: Host, command: str, answer: CommandResult | None, error: dict[str, Any]) -> str:
    """The data as rows below a heading, as RFC 4180 has them. Nothing for an error, which standard error says."""
    if answer is None or error_in(answer):
        return ""
    import csv
    import io

    from dokkupy_host.formats.rows import rows_of

    heads, rows = rows_of(host, command, answer)
    text = io.StringIO()
    if heads:
        csv.writer(text).writerows([heads, *rows])
    return text.getvalue()


def as_table(host: Host, command: str, answer: CommandResult | None, error: dict[str, Any]) -> str:
    """The data as aligned columns. Nothing for an error, which standard error says."""
    if answer is None or error_in(answer):
        return ""
    from dokkupy_sdk.cli import harmless
    from dokkupy_sdk.table import Column, table

    from dokkupy_host.formats.rows import rows_of

    heads, rows = rows_of(host, command, answer)
    cells = [[" ".join(harmless(cell).split()) for cell in row] for row in rows]
    columns = [Column(head.upper().replace("_", " "), wraps=True) for head in heads]
    return "".join(line + "\n" for line in table(columns, cells))
