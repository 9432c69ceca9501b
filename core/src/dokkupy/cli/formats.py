"""How a result is written for programs: `--format json` as Dokku does, other forms by plugins (`dokkupy.formats`)."""

from __future__ import annotations

import json

from dokkupy.cli.declare import CommandResult
from dokkupy.errors import DokkupyError, UserError
from dokkupy.host import Host

FORMATS = "dokkupy.formats"
"""Entry-point group: a form's name -> a function (host, command, result or None, error's fields) -> text."""
FIELDS = ("message", "hint", "details", "exit_code", "plugin")


def written(host: Host, command: str, form: str, answer: CommandResult | DokkupyError) -> str:
    """The text of a result or an error. Raises UserError for a result in a form that nobody writes."""
    if isinstance(answer, DokkupyError):
        result, said = None, {"error": answer.code, **{name: getattr(answer, name, None) for name in FIELDS}}
    else:
        result, said = answer, {}
    if form != "json":
        entry = host.registry.find(FORMATS, form)
        if entry is None and result is None:
            return ""  # the line could not be parsed, so its `--format` may be the command's own
        if entry is None:
            known = ", ".join(["stdout", "json", *sorted(host.registry.group(FORMATS))])
            raise UserError(f"Invalid format {form[:40]!r}: use one of {known}", code="invalid_format")
        return str(host.registry.load(entry)(host, command, result, said))
    documents = [said] if result is None else result.data if result.documents else [result.data]
    return "".join(json.dumps(document, default=str) + "\n" for document in documents)
