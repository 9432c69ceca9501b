"""The protocol between `git receive-pack` and its hook proc-receive (githooks(5)): lines that begin with their length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO

FLUSH = b"0000"
LONGEST_INPUT = 16 * 1024 * 1024


class ProtocolError(Exception):
    """The input does not follow git's protocol."""


def read_lines(stream: IO[bytes]) -> list[bytes]:
    """The lines up to a flush."""
    found: list[bytes] = []
    total = 0
    while True:
        size = stream.read(4)
        try:
            length = int(size, 16)
        except ValueError:
            raise ProtocolError(f"not a length: {size!r}") from None
        if length == 0:
            return found
        total += length
        if length < 4 or total > LONGEST_INPUT:
            raise ProtocolError("a line is too long")
        found.append(stream.read(length - 4).rstrip(b"\n"))


def line(text: bytes) -> bytes:
    return b"%04x%s" % (len(text) + 4, text)


def updates_of(stream: IO[bytes], answers: IO[bytes]) -> tuple[list[str], list[str]]:
    """Negotiate the version, and return the `old new ref` of each pushed ref, and the options of `git push -o`."""
    version = read_lines(stream)
    if not version or not version[0].startswith(b"version=1"):
        raise ProtocolError("git speaks another version of proc-receive")
    has_options = b"push-options" in version[0].partition(b"\0")[2].split()
    answers.write(line(b"version=1\0push-options" if has_options else b"version=1") + FLUSH)
    answers.flush()
    updates = read_lines(stream)
    options = read_lines(stream) if has_options else []
    return [text.decode(errors="replace") for text in updates], [text.decode(errors="replace") for text in options]


def report(
    answers: IO[bytes], refs: Sequence[str], *, reason: str = "", moved: Mapping[str, str] | None = None
) -> None:
    """Report the results of the refs to git. reason: why none has moved. moved: refs that name another object than was
    pushed, with that object."""
    for ref in refs:
        name = ref.encode(errors="replace")
        answers.write(line(b"ng %s %s" % (name, reason.encode())) if reason else line(b"ok %s" % name))
        if not reason and moved and ref in moved:
            answers.write(line(b"option new-oid %s" % moved[ref].encode()))
    answers.write(FLUSH)
    answers.flush()
