"""The env format `envfile`: what `config:import` reads by default, and Docker Compose, Heroku's and Node's tools write."""

from __future__ import annotations

import re

from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError

IN_DOUBLE_QUOTES = re.compile(r"[^=]*=[^\S\n]*\"")


def read(host: Host, text: str) -> dict[str, str]:
    """The variables of a `.env` file, literally: `$NAME` is not replaced, the host's own variables are nobody's.

    Raises UserError naming the line that is neither `KEY=VALUE` nor empty nor a comment.
    """
    import io

    from dotenv.parser import parse_stream

    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            raise UserError(
                f"Line {binding.original.line} of the environment file is not KEY=VALUE",
                hint="Lines look like KEY=value, KEY='a b' or # a comment",
            )
        if binding.key is not None and binding.value is not None:
            value = binding.value
            if IN_DOUBLE_QUOTES.match(binding.original.string):
                (again,) = parse_stream(io.StringIO(without_escaped_signs(binding.original.string)))
                value = again.value or ""
            values[binding.key] = value
    return values


def without_escaped_signs(text: str) -> str:
    """The text with `$`, `!` and a backquote for `\\$`, `\\!` and one with a backslash, which Dokku, Ruby and Docker Compose
    write and read in double quotes. python-dotenv would keep the backslash."""
    return re.sub(r"\\(.)", lambda found: found[1] if found[1] in "$!`" else found[0], text, flags=re.DOTALL)
