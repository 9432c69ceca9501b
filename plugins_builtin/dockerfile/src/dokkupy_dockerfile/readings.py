"""How a frontend may read a Dockerfile: its instructions, with the lines that they take. Pure; nothing of it is executed.

The rules are those of BuildKit (frontend/dockerfile/parser/parser.go). Its versions differ, and a Dockerfile may name one, so
what is not allowed is searched in each reading.
"""

from __future__ import annotations

import re

from dokkupy_sdk.values import dataclass

BLANKS = "\t\v\f\r "
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""What Go takes for white space; Python's strip() removes more, such as \\x1c."""

SPLIT = re.compile(rf"[{BLANKS}]+")
HEREDOC = re.compile(r"<<-?[\"']?(\w+)[\"']?")
ESCAPE = re.compile(r"(?:#|//)\s*escape\s*=\s*(\S+)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """An instruction. word: in capitals. rest: without white space around it. first, after: its lines, from 0; the lines of a
    heredoc do not belong to it."""

    word: str
    rest: str
    first: int
    after: int


def usual(text: str) -> list[Line]:
    """The instructions as today's frontends read them."""
    return lines_of(text, escapes(text)[0])


def readings(text: str) -> list[list[Line]]:
    """The instructions in each way in which some frontend reads them."""
    found: list[list[Line]] = []
    for escape in escapes(text):
        for doubled in (False, True) if escape * 2 in text else (False,):
            for heredocs in (True, False) if "<<" in text else (True,):
                lines = lines_of(text, escape, doubled=doubled, heredocs=heredocs)
                if lines not in found:
                    found.append(lines)
    return found


def escapes(text: str) -> list[str]:
    """The character that continues a line, and both if frontends may disagree about it."""
    lines = text.removeprefix("\ufeff").split("\n")
    head = [line for line in lines[: next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))]]
    given = [found[1] for line in head if (found := ESCAPE.fullmatch(line))]
    if given:
        return ["`", "\\"] if given[0] == "`" else ["\\", "`"]
    return ["\\", "`"] if any("escape" in line.lower() for line in lines[:20] if "#" in line) else ["\\"]


def lines_of(text: str, escape: str, *, doubled: bool = False, heredocs: bool = True) -> list[Line]:
    """doubled: as in Docker before 23, where two of the character at a line's end continue it, too. heredocs: False for a
    frontend that does not know them, so that their lines are instructions."""
    mark = re.escape(escape)
    continued = re.compile(rf"{mark}[ \t]*\Z" if doubled else rf"(?:(?<=[^{mark}])|\A){mark}[ \t]*\Z")
    lines = text.removeprefix("\ufeff").split("\n")
    result = []
    current, first, index = "", -1, 0
    while index < len(lines):
        line = lines[index].removesuffix("\r")
        index += 1
        bare = line.lstrip(SPACES)
        if bare.startswith("#") or not bare:
            if index < len(lines) or first < 0:
                continue
            line = ""
        if first < 0:
            first = index - 1
        if index < len(lines) and (end := continued.search(line)):
            current += line[: end.start()]
            continue
        current += continued.sub("", line)
        parts = SPLIT.split(current.strip(SPACES), maxsplit=1)
        if len(parts) == 2:
            one = Line(parts[0].upper().replace("\u0130", "I"), parts[1].strip(SPACES), first, index)
            result.append(one)
            if heredocs and one.word in ("RUN", "COPY", "ADD"):
                for word in HEREDOC.findall(one.rest):
                    while index < len(lines) and lines[index].strip() != word:
                        index += 1
                    index += 1
        current, first = "", -1
    return result


def inner(line: Line) -> Line:
    """The instruction that an ONBUILD adds to builds from the image; another line as it is."""
    parts = SPLIT.split(line.rest, maxsplit=1)
    if line.word != "ONBUILD" or len(parts) < 2:
        return line
    return Line(parts[0].upper().replace("\u0130", "I"), parts[1].strip(SPACES), line.first, line.after)
