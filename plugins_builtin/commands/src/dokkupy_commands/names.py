"""Types of the arguments of these commands, and the words for a source. This module imports little, so it has no dataclasses."""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Identifier, Pattern, digits


class BuildId(Identifier):
    """The id of a build of the app that the argument before it names, or `current` for the latest build."""

    __slots__ = ()
    what = "Build"
    rule = "may only contain letters, digits, dots, underscores and hyphens, as `builds:list` shows them"
    pattern = Pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")


SCHEMES = ("http", "https", "tcp", "udp", "grpc", "grpcs")


class PortMapping(Identifier):
    """A row of the port map, `scheme:host-port:container-port`, without leading zeros."""

    __slots__ = ()
    what = "Port"

    @classmethod
    def normalized(cls, text: str) -> str:
        parts = text.split(":")
        if len(parts) != 3:
            raise UserError(f"{text[:60]!r} is not scheme:host-port:container-port")
        scheme, *numbers = parts
        if scheme not in SCHEMES:
            raise UserError(f"{scheme[:20]!r} is not a scheme: use one of {', '.join(SCHEMES)}")
        for number in numbers:
            if not 0 < (digits(number) or 0) <= 65535:
                raise UserError(f"{number[:20]!r} is not a port from 1 to 65535")
        return f"{scheme}:{int(numbers[0])}:{int(numbers[1])}"


class HostPortOrMapping(Identifier):
    """A row of the port map, or only its host port."""

    __slots__ = ()
    what = "Port"

    @classmethod
    def normalized(cls, text: str) -> str:
        return text if digits(text) is not None else str(PortMapping(text))


def source_words(source: str) -> str:
    """What a person did to deliver the code. Data keeps Dokku's `git-hook`, the command that git runs."""
    return "git push" if source == "git-hook" else source
