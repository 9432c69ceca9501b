"""Convert dumps of mysqldump, mariadb-dump, phpMyAdmin and others to SQL that one database accepts. Pure.

Statements that create or select a database (`--databases`, `--all-databases`) are left out, because the content is
imported into the service's database. The server's own databases are left out, too. A second database with content is an
error. Line numbers do not change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dokkupy_sdk.errors import UserError
from dokkupy_services.dump_formats import describe, is_text, lines_of

DUMPERS = ("a dump of mysqldump", "a dump of mariadb-dump")
"""Dumps that end with `-- Dump completed`. Those of other programs do not mark their end."""
READABLE = (*DUMPERS, "an export of phpMyAdmin", "text of no known format")
SYSTEM = (b"mysql", b"sys", b"information_schema", b"performance_schema")

OF_DATABASES = re.compile(rb"(CREATE|DROP) (DATABASE|SCHEMA)\b|/\*!\d+ DROP DATABASE\b", re.I)
USE = re.compile(rb"USE\s+`?((?:[^`;]|``)+)`?\s*;", re.I)
CONTENT = re.compile(rb"(CREATE|INSERT|REPLACE)\s|/\*!50001 CREATE", re.I)
DELIMITER = re.compile(rb"DELIMITER\s+(\S+)", re.I)

OPENING = re.compile(rb"--\s|#|/\*|['\"`]")
CLOSING = {
    b"'": re.compile(rb"\\.|''|(')", re.S),
    b'"': re.compile(rb'\\.|""|(")', re.S),
    b"`": re.compile(rb"``|(`)"),
    b"/*": re.compile(rb"(\*/)"),
}
"""The group matches the end of a string, a name or a comment. The alternatives outside of it only look like an end."""


def is_readable(head: bytes) -> bool:
    return is_text(head) and describe(head) in READABLE


def importable(head: bytes, pieces: Iterable[bytes], completed: bytes) -> Iterator[bytes]:
    """The converted dump, for `streams.RESTORE`. completed: the last line that RESTORE expects. Raises UserError while
    it is read."""
    unmarked = describe(head) not in DUMPERS
    database, chosen, delimiter, quote = b"", None, b";", b""
    for number, line in enumerate(lines_of(pieces), 1):
        if unmarked and number == 1:
            yield b"/* imported */ "  # RESTORE recognizes a dump by this
        within = quote
        if unmarked:  # dumpers write line breaks in strings as \\n
            quote = open_after(line, quote)
        if within:
            yield line
            continue
        if found := DELIMITER.match(line):
            delimiter = found[1]
        elif delimiter == b";":
            use = USE.match(line)
            database = use[1] if use else database
            own = database in SYSTEM and not line.startswith(b"--")  # the last line may mark the end
            if own or use or OF_DATABASES.match(line):
                yield b"\n"
                continue
            if CONTENT.match(line):
                if chosen not in (None, database):
                    raise several(chosen, database)
                chosen = database
        yield line
    if unmarked:
        yield b"\n" + completed + b"\n"


def open_after(line: bytes, quote: bytes) -> bytes:
    """The quote or comment sign that is open at the end of a line; empty for none. quote: the one that is open at its
    beginning."""
    at = 0
    while True:
        if quote:
            end = next((found.end() for found in CLOSING[quote].finditer(line, at) if found[1]), None)
            if end is None:
                return quote
            at = end
        found = OPENING.search(line, at)
        if found is None or found[0] not in CLOSING:
            return b""
        quote, at = found[0], found.end()


def several(*names: bytes | None) -> UserError:
    shown = ", ".join((name or b"the first").decode(errors="replace") for name in names)
    return UserError(
        f"The dump contains several databases ({shown}), but a service has only one",
        hint="Dump only the one that you want: mysqldump --single-transaction --routines DATABASE",
    )
