"""What the ADD lines of a Dockerfile download, and the Dockerfile in which they download through a relay. Pure; nothing of it
is executed.

The engine downloads by itself, outside the build's network, and follows redirects, so an address of the host or of another app
would answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from dokkupy_sdk.values import dataclass

from dokkupy_dockerfile.expose import VARIABLE, assignments, unquoted
from dokkupy_dockerfile.readings import BLANKS, Line, inner, readings, usual

URL = re.compile(r"https?://(?:[^/?#\0]*@)?(\[[^\]/?#\0]*\]|[^:/?#\0]*)(?::[0-9]*)?(?=[/?#]|$)", re.IGNORECASE)
WEB = re.compile(r"https?://", re.IGNORECASE)
OTHER = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[^/\s]+@[^/\s]+:")
"""The beginning of a source that is neither on the web nor a file: a repository of git."""

REPOSITORY = re.compile(r"[^?#]*\.git(?:[?#].*)?", re.IGNORECASE)
BEGINNINGS = ("http://", "https://", "git://", "ssh://", "git@")
UNKNOWN = "\0"
"""A variable whose value only the build knows."""

NO_RELAY = "\0"
"""In place of a relay's URL: no source begins with it."""

SPECIAL = re.compile(r"[$\"'\\`]")
SOURCE = re.compile(rf"[^{BLANKS}]+")
FLAGS = re.compile(rf"(?:--[^{BLANKS}]*[{BLANKS}]+)*")

PLATFORM = {
    f"{where}{what}": "x"
    for where in ("BUILD", "TARGET")
    for what in ("ARCH", "OS", "OSVERSION", "PLATFORM", "VARIANT")
}
"""The arguments that BuildKit sets to names of platforms where an ARG declares them."""


@dataclass(frozen=True, slots=True)
class Download:
    """A source of ADD. host: empty if only the build knows from which host. kind: `web`; `repository` of git; `trigger`, of an
    ONBUILD; `unknown` if only the build knows whether it downloads."""

    source: str
    host: str = ""
    kind: str = "web"


def downloads(text: str, arguments: Mapping[str, str], triggers: Iterable[str] = ()) -> list[Download]:
    """The sources of ADD that are, or may be, on another host. arguments: `--build-arg`s. triggers: the ONBUILD instructions
    of the base images, in which the variables of the stage are unknown."""
    found: list[Download] = []
    for lines in readings(text):
        for line, scope in added(lines, arguments):
            found += [one for word in sources_of(line) if (one := download_of(word, scope, line))]
    for trigger in triggers:
        for lines in readings(f"ONBUILD {trigger}"):
            for line, scope in added(lines, {}):
                found += [one for word in sources_of(line) if (one := download_of(word, scope, line))]
    return list(dict.fromkeys(found))


def relayed(text: str, arguments: Mapping[str, str], relay: str) -> str:
    """The Dockerfile in which ADD downloads what is on the web from below the URL `relay`, and in which no other source can
    become a URL: a path that a variable or a quote begins gets `./` before it, which means the same file."""

    def through(word: str, scope: Mapping[str, str]) -> str:
        one = download_of(word, scope, None)
        if one is not None and one.kind == "web":
            return relay + word
        return word if word.startswith("<<") or not SPECIAL.search(word) else f"./{word}"

    lines = text.split("\n")
    for line, scope in reversed(list(added(usual(text), arguments))):
        rest = inner(line).rest
        changed = with_sources(rest, lambda word, known=scope: through(word, known))  # type: ignore[misc]
        if changed != rest:
            words = "ONBUILD ADD" if line.word == "ONBUILD" else "ADD"
            lines[line.first : line.after] = [f"{words} {changed}", *[""] * (line.after - line.first - 1)]
    return "\n".join(lines)


def unguarded(text: str, relay: str) -> str:
    """A source of ADD that some frontend would not fetch through the relay, though it is or may be on another host."""
    for lines in readings(text):
        for line in map(inner, lines):
            for word in sources_of(line):
                remote = OTHER.match(word) and not word.startswith(relay)
                if remote or (SPECIAL.search(word) and not word.startswith((relay, "./", "<<"))):
                    return word
    return ""


def added(lines: list[Line], arguments: Mapping[str, str]) -> Iterator[tuple[Line, Mapping[str, str]]]:
    """(ADD or ONBUILD ADD, variables) of each ADD."""
    before: dict[str, str] = {}
    scope: dict[str, str] = before
    stages: dict[str, dict[str, str]] = {}
    for line in lines:
        word, rest = inner(line).word, inner(line).rest
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
            yield line, scope


def sources_of(line: Line) -> list[str]:
    one = inner(line)
    if one.word != "ADD":
        return []
    found: list[str] = []

    def kept(word: str) -> str:
        found.append(word)
        return word

    with_sources(one.rest, kept)
    return found


def with_sources(rest: str, change: Callable[[str], str]) -> str:
    """The arguments of ADD in which each source is changed; the last one is where they go."""
    start = FLAGS.match(rest)
    begin = start.end() if start else 0
    flags, rest = rest[:begin], rest[begin:]
    if rest.startswith("["):
        try:
            words = json.JSONDecoder().raw_decode(rest)[0]  # BuildKit ignores what follows the list
        except (ValueError, RecursionError):
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            changed = [*map(change, words[:-1]), *words[-1:]]
            return flags + (rest if changed == words else json.dumps(changed))
    found = list(SOURCE.finditer(rest))[:-1]
    for one, word in reversed([(one, change(one[0])) for one in found]):
        rest = rest[: one.start()] + word + rest[one.end() :]
    return flags + rest


def filled(text: str, scope: Mapping[str, str]) -> str:
    """The text with the variables' values. What this does not know, a base image may set to anything."""

    def value(found: re.Match[str]) -> str:
        key, operator, word = found[1] or found[2], found[3] or "", found[4] or ""
        known = scope.get(key)
        if known is None:
            return UNKNOWN
        return (known or word) if operator.endswith("-") else word if operator else known

    return re.sub(r"\$\{[^}]*\}?|\$\w*", UNKNOWN, VARIABLE.sub(value, text))


def download_of(word: str, scope: Mapping[str, str], line: Line | None) -> Download | None:
    source = re.sub(r"[\"'`\\]", "", filled(word, scope))
    shown = source.replace(UNKNOWN, "$...")
    lead, mark, _ = source.lower().partition(UNKNOWN)
    if WEB.match(source) or OTHER.match(source):
        host = URL.match(source)
        kind = "repository" if not WEB.match(source) or REPOSITORY.fullmatch(source) else "web"
        kind = "trigger" if line is not None and line.word == "ONBUILD" else kind
        return Download(shown, host[1] if host else "", kind)
    if mark and any(one.startswith(lead) or lead.startswith(one) for one in BEGINNINGS):
        return Download(shown, kind="unknown")
    return None
