"""Convert dumps in plain SQL, as pg_dump and pg_dumpall write them, to SQL that one database accepts. Pure.

Owners, privileges, roles and the creation of the database are left out, as by `pg_restore --no-owner --no-acl`. If a
dump has several databases, the one with content is imported; a second one with content is an error. Commands of the
program psql are refused, except the three that pg_dump writes. Line numbers do not change, so that errors of the server
refer to lines of the dump. https://www.postgresql.org/docs/current/app-pgdump.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dokkupy_sdk.errors import UserError
from dokkupy_services.dump_formats import describe, is_text, lines_of

HEADER = b"DOKKUPY-SQL\n"
"""The first line of the output of `importable`, by which `sql.RESTORE` recognizes that SQL follows."""

FOREIGN = ("a dump of mysqldump", "a dump of mariadb-dump", "an export of phpMyAdmin", "a web page", "JSON")

OTHER_COMMANDS = re.compile(
    rb"(ALTER\s.*\sOWNER TO\s|GRANT\s|REVOKE\s|ALTER DEFAULT PRIVILEGES\s|(RE)?SET (SESSION AUTHORIZATION|ROLE)\b"
    rb"|(CREATE|ALTER|DROP) (ROLE|USER|GROUP|DATABASE|TABLESPACE)\s|(COMMENT|SECURITY LABEL) .*ON (DATABASE|ROLE|TABLESPACE)\s)",
    re.I | re.S,
)
"""Statements about owners, privileges, roles and databases."""

REMOVAL = re.compile(rb"(DROP\s|ALTER\s.*\sDROP\s|SELECT pg_catalog\.lo_unlink\b)", re.I | re.S)
"""Statements at the beginning of `pg_dump --clean`. They are left out, because there is nothing to remove."""

SETTING = re.compile(rb"SET ([a-z_.]+) (?:=|TO) (.+);\s*$", re.I | re.S)
EXTENSION = re.compile(rb"(CREATE|COMMENT ON) EXTENSION\s", re.I)
"""Extensions do not count as content of a database, because the administrator's database often has one."""
PREPARES = re.compile(rb"(SET|SELECT pg_catalog\.set_config|SELECT set_config|BEGIN|COMMIT|START)\b", re.I)
COPY = re.compile(rb"COPY\s.*\sFROM stdin\b.*;\s*$", re.I | re.S)
CONNECT = re.compile(rb"\\c(?:onnect)?\s+(?:-reuse-previous=on\s+)?(.*?)\s*$")
RESTRICT = re.compile(rb"\\(un)?restrict\s")
PUBLIC = re.compile(rb"CREATE SCHEMA public;", re.I)

OPENING = re.compile(rb"--[^\n]*|/\*|[eE]?'|\"|\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$|[\w\x80-\xff]+\$?|\\|;")
CLOSING = {b"/*": re.compile(rb"\*/"), b"'": re.compile(rb"'"), b'"': re.compile(rb'"')}
ESCAPED = re.compile(rb"\\.|'", re.S)
"""In a string with backslashes: a backslash with the character that it escapes, or the end of the string."""


def is_plain(head: bytes) -> bool:
    """Whether a file with this beginning may be SQL for PostgreSQL."""
    return is_text(head) and describe(head) not in FOREIGN and not describe(head).startswith("encrypted")


class Scanner:
    """Scans SQL line by line, and knows whether a string, a name or a comment is open and where statements begin."""

    def __init__(self) -> None:
        self.quote = b""
        self.closing = CLOSING[b"'"]
        self.begins = True
        self.backslashes = False

    def take(self, line: bytes, number: int) -> None:
        at = 0
        while at < len(line):
            if self.quote:
                at = self.close(line, at)
                continue
            found = OPENING.search(line, at)
            rest = line[at : found.start()] if found else line[at:]
            if rest.strip():
                self.begins = False
            if found is None:
                return
            at = found.end()
            token = found[0]
            if token == b";":
                self.begins = True
            elif token == b"\\":
                raise UserError(
                    f"Line {number} of the dump has a command of the program psql, which an import does not run",
                    details=(line.decode(errors="replace").strip()[:200],),
                    hint="Create the dump with pg_dump, preferably with -Fc.",
                )
            elif not token.startswith(b"--"):
                self.open(token)

    def open(self, token: bytes) -> None:
        if token != b"/*":
            self.begins = False
        if token in (b"E'", b"e'") or (token == b"'" and self.backslashes):
            self.quote, self.closing = b"'", ESCAPED
        elif token in CLOSING:
            self.quote, self.closing = token, CLOSING[token]
        elif token.startswith(b"$"):
            self.quote, self.closing = token, re.compile(re.escape(token))

    def close(self, line: bytes, at: int) -> int:
        """The position at which the open string ends in the line, else the line's end. A doubled quote closes the
        string and opens it again."""
        for found in self.closing.finditer(line, at):
            if not found[0].startswith(b"\\"):
                self.quote = b""
                return found.end()
        return len(line)


class Dump:
    """A dump while it is read, line by line, and the decision which lines to keep."""

    def __init__(self) -> None:
        self.scanner = Scanner()
        self.number = 0
        self.database: bytes | None = None
        self.chosen: bytes | None = None
        self.filled = False
        self.copying = False
        self.dropping = False
        self.announced = self.completed = 0

    def take(self, line: bytes) -> bytes:
        """The line itself, a replacement for it, or an empty line."""
        self.number += 1
        if self.copying:
            self.copying = line.rstrip(b"\r\n") != b"\\."
            return line
        if self.scanner.quote or not self.scanner.begins:
            return self.go_on(line)
        if RESTRICT.match(line):
            return b"\n"
        if found := CONNECT.match(line):
            self.database = found[1]
            return b"\n"
        return self.begin(line)

    def go_on(self, line: bytes) -> bytes:
        self.scanner.take(line, self.number)
        if not self.dropping:
            return line
        self.dropping = not self.scanner.begins
        return b"\n"

    def begin(self, line: bytes) -> bytes:
        """Handle a line at which no statement is open."""
        self.count(line)
        self.scanner.take(line, self.number)
        text = line.lstrip()
        if not text or (self.scanner.begins and text.startswith((b"--", b"/*"))):
            return line
        if self.is_left_out(text):
            self.dropping = not self.scanner.begins
            return b"\n"
        if PREPARES.match(text):
            return self.setting(line)
        if not EXTENSION.match(text):
            self.choose()
        self.copying = self.scanner.begins and COPY.match(text) is not None
        return PUBLIC.sub(b"CREATE SCHEMA IF NOT EXISTS public;", line)

    def is_left_out(self, text: bytes) -> bool:
        if self.database in (b"template0", b"template1") or OTHER_COMMANDS.match(text):
            return True
        if self.filled and self.database != self.chosen and EXTENSION.match(text):
            return True
        return not self.filled and REMOVAL.match(text) is not None

    def choose(self) -> None:
        """Note that this statement is content of the current database of the dump."""
        if self.filled and self.database != self.chosen:
            names = b", ".join(one or b"the first" for one in (self.chosen, self.database)).decode(errors="replace")
            raise UserError(
                f"The dump contains several databases ({names}), but a service has only one",
                hint="Dump only the one that you want: pg_dump -Fc --no-owner DATABASE",
            )
        self.filled, self.chosen = True, self.database

    def setting(self, line: bytes) -> bytes:
        """Replace a setting by a statement that sets it only if the server knows it, because a newer server may have
        written the dump."""
        found = SETTING.match(line)
        if not found or not self.scanner.begins:
            return line
        name, value = found[1].lower(), found[2].strip()
        if name == b"standard_conforming_strings":
            self.scanner.backslashes = value.strip(b"'").lower() in (b"off", b"false")
        value = value if value.startswith(b"'") else b"'" + value.replace(b"'", b"''") + b"'"
        return b"SELECT pg_catalog.set_config('%s', %s, false) FROM pg_catalog.pg_settings WHERE name = '%s';\n" % (
            name,
            value,
            name,
        )

    def count(self, line: bytes) -> None:
        if line.startswith(b"-- PostgreSQL database ") and b"cluster" not in line:
            if line.startswith(b"-- PostgreSQL database dump complete"):
                self.completed += 1
            else:
                self.announced += 1

    def end(self) -> None:
        if self.copying or self.scanner.quote or self.announced > self.completed:
            raise UserError(
                f"The dump is incomplete: it ends at line {self.number}",
                code="bad_dump",
                hint="Create the dump again: it was cut off, for example because the disk was full.",
            )
        if not self.filled:
            raise UserError(
                "The dump is empty: it creates no table and contains no data",
                code="bad_dump",
                hint="Dump the right database: pg_dump -Fc --no-owner DATABASE",
            )


def importable(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The converted dump, for `sql.RESTORE`. Raises UserError while it is read."""
    yield HEADER
    dump = Dump()
    for line in lines_of(pieces):
        yield dump.take(line)
    dump.end()
