"""Names of networks, and lists of them in properties."""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Identifier, Pattern, shown

OURS = "dokkupy-"
"""The prefix of the networks that dokkupy creates, one for each app."""

ENGINE = ("bridge", "host", "none")
"""Networks that every engine has, and that apps cannot share."""

NOTHING = "none"
"""The value of an app that joins no network, although a global value is set."""


class NetworkName(Identifier):
    """A network of the engine: letters, digits, `_`, `.` and `-`; at most 63 characters."""

    __slots__ = ()
    what = "Network name"
    rule = "must begin with a letter or digit, and may contain letters, digits, '_', '.' and '-' only"
    pattern = Pattern(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
    max_length = 63


def require_shared(name: NetworkName) -> NetworkName:
    """Raises UserError for a network that apps cannot share."""
    if name in ENGINE:
        raise UserError(
            f"The network {name} is one of the engine's own",
            hint="Create a network that apps share: dokkupy network:create NAME",
        )
    if name.startswith(OURS):
        raise UserError(
            f"The network {name} belongs to one app and isolates it from all others",
            hint="Create a network that apps share: dokkupy network:create NAME",
        )
    return name


def split(text: str) -> list[NetworkName]:
    """The names in the value of a property, each once; none for `none`."""
    names = text.replace(",", " ").split()
    return [] if names == [NOTHING] else list(dict.fromkeys(NetworkName(name) for name in names))


def parse_list(text: str) -> str:
    """Several names, separated by spaces or commas, or `none`; kept as Dokku shows them, separated by commas."""
    return ",".join(require_shared(name) for name in split(text)) or NOTHING


def parse_one(text: str) -> str:
    names = split(text)
    if len(names) > 1:
        raise UserError(f"{shown(text)} is more than one network", hint="Give one name.")
    return parse_list(text)
