"""Styles by meaning, and who wants them: a terminal's reader, unless NO_COLOR, FORCE_COLOR, CLICOLOR or CLICOLOR_FORCE say
otherwise. The command line itself styles the marks of lines (`----->`, `=====>`, ` !`)."""

from __future__ import annotations

import sys

from dokkupy.cli.output import colorful

GOOD = "green"
WARNING = "yellow"
BAD = "red"
FAINT = "dim"
"""Names of rich, because its tables draw them."""
CODES = {GOOD: "32", WARNING: "33", BAD: "31", FAINT: "2"}
"""The same of a terminal (ECMA-48, SGR)."""


def wanted() -> bool:
    """Whether the reader of standard output wants styles."""
    return colorful(sys.stdout)


def styled(text: str, style: str) -> str:
    """A text in one of the styles, or in a terminal's code such as `36`. Without a style it stays as it is."""
    return f"\x1b[{CODES.get(style, style)}m{text}\x1b[0m" if style and text else text
