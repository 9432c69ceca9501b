"""The Procfile: which processes an app has (reference, section 3.1)."""

from __future__ import annotations

import re

from dokkupy_sdk.errors import AppError, UserError
from dokkupy_sdk.names import ProcessType

LINE = re.compile(r"([^\s:]+)\s*:\s*(.+)")
TOKEN = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.|(?P<comment>\s+(?:#|//)(?=\s|$))|.""")
"""Quoted text, an escaped character, a comment sign with white space before and after it, or any other character."""


def parse_procfile(text: str) -> dict[ProcessType, str]:
    """Process type -> command. Raises AppError with the number of the line that is not `type: command`."""
    found: dict[ProcessType, str] = {}
    for number, raw in enumerate(text.split("\n"), 1):
        line = without_comment(raw.strip())
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
            raise invalid(number, f"{process} is defined twice")
        found[process] = match[2].strip()
    return found


def without_comment(line: str) -> str:
    """The line without its comment. A comment sign needs white space around it; in quotes and in a URL it means
    nothing."""
    if line.startswith(("#", "//")):
        return ""
    comment = next((token for token in TOKEN.finditer(line) if token["comment"]), None)
    return line[: comment.start()].rstrip() if comment else line


def invalid(number: int, why: str) -> AppError:
    return AppError(
        f"Invalid Procfile: line {number}: {why}", hint="Each line is `type: command`.", code="bad_procfile"
    )
