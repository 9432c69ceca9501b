"""The number of connections that nginx accepts. Debian's nginx.conf allows 768 per worker, so a few thousand slow clients
from one address could lock out everybody else. `events` may appear only once, so the number is raised in nginx.conf
itself, with a comment by which teardown restores the old number."""

from __future__ import annotations

import re
import resource
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECTIONS = 16384
"""Per worker, which takes 4 MB of memory. A request through the proxy uses two."""

FILES = 4 * CONNECTIONS
"""The limit of open files, which are connections, logs and responses that nginx buffers on disk. Some containers allow
fewer; nginx would then keep the limit that it started with, often 1024."""

REMARK = "# dokkupy: was"
EVENTS = re.compile(r"^[ \t]*events\b[^{]*\{[ \t]*\n?", re.MULTILINE)


def directive(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"^(?P<head>[ \t]*(?:events\s*\{{\s*)?){name}\s+(?P<number>[0-9]+)\s*;(?P<end>[ \t]*\n)?", re.MULTILINE
    )


def numbers(most_files: int = FILES) -> dict[str, int]:
    """The smallest numbers that nginx.conf should have. most_files: how many files a process may open here."""
    return {"worker_connections": CONNECTIONS, "worker_rlimit_nofile": min(FILES, most_files)}


def most_files() -> int:
    """How many files a process may open here at most."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return FILES if hard == resource.RLIM_INFINITY else hard


def lacking(text: str, wanted: Mapping[str, int]) -> dict[str, int]:
    """The numbers that are too small or missing in nginx.conf."""
    found = {name: directive(name).search(text) for name in wanted}
    return {name: least for name, least in wanted.items() if (it := found[name]) is None or int(it["number"]) < least}


def raised(text: str, wanted: Mapping[str, int]) -> str:
    """nginx.conf with these numbers raised, unless they are large enough."""
    for name, least in lacking(text, wanted).items():
        pattern, line = directive(name), f"{name} {least};"
        if pattern.search(text):
            text = pattern.sub(partial(replaced, line), text, count=1)
            continue
        events = EVENTS.search(text)
        if events is None:
            continue
        position = events.start() if name == "worker_rlimit_nofile" else events.end()
        text = f"{text[:position]}{line} {REMARK} not there\n{text[position:]}"
    return text


def replaced(line: str, found: re.Match[str]) -> str:
    """The new line. It ends with a comment, which also notes whether the old line had more on it, to restore it."""
    return f"{found['head']}{line} {REMARK} {found['number']}{'' if found['end'] else ' within a line'}\n"


def lowered(text: str) -> str:
    """nginx.conf as it was before `raised`."""
    text = re.sub(rf"(?:[a-z_]+ [0-9]+|include [^;\n]+); {REMARK} not there\n", "", text)
    text = re.sub(rf"\b([a-z_]+) [0-9]+; {REMARK} ([0-9]+) within a line\n", r"\1 \2;", text)
    return re.sub(rf"\b([a-z_]+) [0-9]+; {REMARK} ([0-9]+)\n", r"\1 \2;\n", text)
