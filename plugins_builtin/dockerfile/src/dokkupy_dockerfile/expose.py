"""What a Dockerfile says: its stages, arguments and EXPOSE lines. Pure; nothing of it is executed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dokkupy_sdk.model import Port

from dokkupy_dockerfile.readings import usual

PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^}]*))?\})")
MOST_PORTS = 100


class Unresolved(Exception):
    """An EXPOSE line names a variable whose value only the build knows."""


def exposed_ports(text: str, arguments: Mapping[str, str] | None = None, target: str = "") -> tuple[Port, ...] | None:
    """The port map that the final (or the target) stage's EXPOSE lines mean, in their order.

    Those of a stage below come after its own: they say where *that* listens.

    Empty when it exposes nothing; None when a line cannot be resolved without building. arguments: `--build-arg`s.
    """
    given = dict(arguments or {})
    before: dict[str, str] = {}
    scope: dict[str, str] = {}
    ports: list[str] = []
    below: list[str] = []
    inherited: dict[str, list[str]] = {}
    name = ""
    number = -1
    try:
        for word, rest in instructions(text):
            if word == "FROM":
                if number >= 0:
                    inherited[name] = inherited[str(number)] = [*ports, *below]
                    if target in (name, str(number)) and target:
                        break
                number += 1
                parts = [part for part in rest.split() if not part.startswith("--")]
                origin = expand(parts[0], before) if parts else ""
                name = parts[2].lower() if len(parts) >= 3 and parts[1].lower() == "as" else ""
                ports, below = [], inherited.get(origin.lower(), [])
                scope = {}
            elif word == "ARG":
                for assignment in rest.split():
                    key, equals, value = assignment.partition("=")
                    default = expand(unquoted(value), scope if number >= 0 else before) if equals else before.get(key)
                    value_now = given.get(key, default)
                    if value_now is not None:
                        (scope if number >= 0 else before)[key] = value_now
            elif word == "ENV" and number >= 0:
                for key, value in assignments(rest):
                    scope[key] = expand(value, scope)
            elif word == "EXPOSE" and number >= 0:
                ports.extend(expand_strictly(part, scope) for part in rest.split())
        return port_map([*ports, *below])
    except Unresolved:
        return None


def instructions(text: str) -> list[tuple[str, str]]:
    """(INSTRUCTION, rest) of each logical line, as today's frontends read the text."""
    return [(line.word, line.rest) for line in usual(text)]


def assignments(rest: str) -> list[tuple[str, str]]:
    """`A=1 B="two words"`, or the old form `A the rest`."""
    if "=" not in rest.split(None, 1)[0]:
        key, _, value = rest.partition(" ")
        return [(key, value.strip())]
    found = re.findall(r"(\w+)=((?:\"(?:\\.|[^\"])*\"|'[^']*'|\\.|[^\s\"'])*)", rest)
    return [(key, unquoted(value)) for key, value in found]


def unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def expand(text: str, scope: Mapping[str, str]) -> str:
    """Put values in for `$A`, `${A}`, `${A:-x}` and `${A:+x}`; an unknown variable is empty."""

    def value(found: re.Match[str]) -> str:
        key, operator, word = found[1] or found[2], found[3] or "", found[4] or ""
        current = scope.get(key, "")
        if operator.endswith("-"):
            return current or word
        if operator.endswith("+"):
            return word if current else ""
        return current

    return VARIABLE.sub(value, text)


def expand_strictly(text: str, scope: Mapping[str, str]) -> str:
    for found in VARIABLE.finditer(text):
        if (found[1] or found[2]) not in scope and not found[3]:
            raise Unresolved(text)
    return expand(text, scope)


def port_map(words: list[str]) -> tuple[Port, ...]:
    """`3000/tcp` -> http:3000:3000, `443` -> https:443:443, `53/udp` -> udp:53:53; what is no port is left out."""
    ports: dict[tuple[str, int], Port] = {}
    for word in " ".join(words).split():
        found = PORT.fullmatch(unquoted(word))
        if not found:
            continue
        first, last = int(found[1]), int(found[2] or found[1])
        protocol = (found[3] or "tcp").lower()
        if protocol == "sctp" or not 0 < first <= last <= 65535 or last - first >= MOST_PORTS:
            continue
        for number in range(first, last + 1):
            scheme = "udp" if protocol == "udp" else "https" if number == 443 else "http"
            ports.setdefault((scheme, number), Port(scheme, number, number))
    return tuple(ports.values())[:MOST_PORTS]
