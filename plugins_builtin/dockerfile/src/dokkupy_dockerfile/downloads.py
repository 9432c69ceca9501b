"""Where the ADD lines of a Dockerfile download from. Pure; nothing of it is executed.

The engine downloads them itself, outside the build's network, so an address of the host or of another app answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from dokkupy_sdk.values import dataclass

from dokkupy_dockerfile.expose import INSTRUCTION, VARIABLE, assignments, instructions, unquoted

URL = re.compile(
    r"(?:https?|git|ssh)://(?:[^/?#\0]*@)?(\[[^\]/?#\0]*\]|[^:/?#\0]*)(?::[0-9]*)?(?=[/?#]|$)", re.IGNORECASE
)
SCP_LIKE = re.compile(r"[\w.-]+@([\w.-]+|\[[0-9A-Fa-f:.]+\]):")
BEGINNINGS = ("http://", "https://", "git://", "ssh://", "git@")
UNKNOWN = "\0"
"""A variable whose value only the build knows."""

PLATFORM = {
    f"{where}{what}": "x"
    for where in ("BUILD", "TARGET")
    for what in ("ARCH", "OS", "OSVERSION", "PLATFORM", "VARIANT")
}
"""The arguments that BuildKit sets to names of platforms where an ARG declares them."""


@dataclass(frozen=True, slots=True)
class Download:
    """A source of ADD. host: empty if only the build knows whether, and from which host, it downloads."""

    source: str
    host: str = ""


def downloads(text: str, arguments: Mapping[str, str], triggers: Iterable[str] = ()) -> list[Download]:
    """The sources of ADD that are, or may be, on another host. arguments: `--build-arg`s. triggers: the ONBUILD instructions
    of the base images, in which the variables of the stage are unknown."""
    found = []
    for heredocs in (True, False):
        lines = instructions(text, heredocs=heredocs)
        for trigger in triggers:
            lines += [("FROM", "scratch"), *instructions(trigger, heredocs=heredocs)]
        for word, scope in sources(lines, arguments):
            one = download_of(word, scope)
            if one is not None and one not in found:
                found.append(one)
    return found


def sources(lines: list[tuple[str, str]], arguments: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """(source, variables) of each ADD."""
    before: dict[str, str] = {}
    scope: dict[str, str] = before
    stages: dict[str, dict[str, str]] = {}
    for word, rest in lines:
        if word == "ONBUILD" and (inner := INSTRUCTION.fullmatch(rest)):
            word, rest = inner[1].upper(), inner[2]
        if word == "FROM":
            parts = [part for part in rest.split() if not part.startswith("--")]
            scope = {**stages.get(parts[0].lower() if parts else "", {})}
            stages[str(len(stages))] = scope
            if len(parts) >= 3:
                stages[parts[2].lower()] = scope
        elif word == "ARG":
            for given in rest.split():
                key, equals, default = given.partition("=")
                value = arguments.get(key, filled(unquoted(default), scope) if equals else None)
                value = before.get(key, PLATFORM.get(key)) if value is None else value
                if value is not None:
                    scope[key] = value
        elif word == "ENV" and scope is not before:
            scope.update({key: filled(value, scope) for key, value in assignments(rest)})
        elif word == "ADD":
            yield from ((source, scope) for source in sources_of(rest))


def sources_of(rest: str) -> list[str]:
    while rest.startswith("--"):
        rest = rest.partition(" ")[2].lstrip()
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            words = None
        if isinstance(words, list):
            return [word for word in words[:-1] if isinstance(word, str)]
    return rest.split()[:-1]


def filled(text: str, scope: Mapping[str, str]) -> str:
    """The text with the variables' values. What this does not know, a base image may set to anything."""

    def value(found: re.Match[str]) -> str:
        key, operator, word = found[1] or found[2], found[3] or "", found[4] or ""
        known = scope.get(key)
        if known is None:
            return UNKNOWN
        return (known or word) if operator.endswith("-") else word if operator else known

    return re.sub(r"\$\{[^}]*\}?|\$\w*", UNKNOWN, VARIABLE.sub(value, text))


def download_of(word: str, scope: Mapping[str, str]) -> Download | None:
    source = re.sub(r"[\"'`\\]", "", filled(word, scope))
    shown = source.replace(UNKNOWN, "$...")
    if found := URL.match(source) or SCP_LIKE.match(source):
        return Download(shown, found[1])
    lead, mark, _ = source.lower().partition(UNKNOWN)
    if mark and any(one.startswith(lead) or lead.startswith(one) for one in BEGINNINGS):
        return Download(shown)
    return None
