"""The Procfile: which processes an app has (reference, section 3.1)."""

from __future__ import annotations

import re

from dokkupy.errors import AppFault, UserError
from dokkupy.model.names import ProcessType

LINE = re.compile(r"([^\s:]+)\s*:\s*(.+)")
COMMENT = re.compile(r"(?:^|\s)(?:#|//).*$")


def parse_procfile(text: str) -> dict[ProcessType, str]:
    """Process type -> command. Raises AppFault with the number of the line that is not `type: command`."""
    found: dict[ProcessType, str] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = COMMENT.sub("", raw).strip() if raw.lstrip().startswith(("#", "//")) else without_comment(raw).strip()
        if not line:
            continue
        match = LINE.fullmatch(line)
        if match is None:
            raise invalid(number, "it is not `type: command`")
        try:
            process = ProcessType(match[1])
        except UserError as error:
            raise invalid(number, error.message) from None
        if process in found:
            raise invalid(number, f"{process} is there twice")
        found[process] = match[2].strip()
    return found


def without_comment(line: str) -> str:
    """A trailing comment needs white space before it; `//` inside a URL does not end the command."""
    return re.split(r"\s#(?=\s|$)|\s//(?=\s|$)", line, maxsplit=1)[0]


def invalid(number: int, why: str) -> AppFault:
    return AppFault(
        f"Invalid Procfile: line {number}: {why}", hint="Each line is `type: command`.", code="bad_procfile"
    )
