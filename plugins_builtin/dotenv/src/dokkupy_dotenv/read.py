"""The env format `envfile`: what `config:import` reads by default, and Docker Compose, Heroku's and Node's tools write."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError


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
            values[binding.key] = binding.value
    return values
