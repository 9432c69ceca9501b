"""The file that a person gives to `import`: recognized by its first bytes, decompressed, and decoded if it is text.

The datastore decides which formats its `restore` accepts (`Datastore.read_import`). Other formats are refused by name, with
the command that creates a suitable dump.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from dokkupy_sdk.errors import UserError

from dokkupy_services.data.pipes import EDGE
from dokkupy_services.dump_formats import TOOLS, describe, into, is_text
from dokkupy_services.model import Service
from dokkupy_services.role import Datastore


def read(datastore: Datastore, service: Service, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Convert a file, in pieces, to what the datastore's `restore` accepts. Raises UserError: at once if the beginning
    of the file is already wrong, else while the file is read."""
    head, rest = peek(iter(pieces))
    if not head:
        raise UserError("Standard input is empty", hint=f"{into(service)} < FILE")
    if not datastore.compressed_imports or not head.startswith(b"\x1f\x8b"):
        head, rest = peek(decompressed(service, head, rest))
    head, rest = peek(as_utf8(head, rest))
    return iter(datastore.read_import(service, head, rest))


def peek(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first 64 KiB, or less if the stream is shorter, and the whole stream again."""
    taken, size = [], 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size >= EDGE:
            break

    def whole() -> Iterator[bytes]:
        yield from taken
        yield from pieces

    return b"".join(taken)[:EDGE], whole()


class Decompressor(Protocol):
    """The common interface of the decompressors of zlib, bz2 and lzma."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def decompressed(service: Service, head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for magic, tool in TOOLS.items():
        if head.startswith(magic):
            raise UserError(
                f"This is {describe(head)}, which cannot be decompressed here",
                hint=f"{tool} FILE | {into(service)}",
                code="unknown_dump",
            )
    if head.startswith(b"\x1f\x8b"):
        import zlib

        return unpacked(pieces, lambda: zlib.decompressobj(wbits=31), zlib.error)
    if head.startswith(b"BZh"):
        import bz2

        return unpacked(pieces, bz2.BZ2Decompressor, OSError)
    if head.startswith(b"\xfd7zXZ\0"):
        import lzma

        return unpacked(pieces, lzma.LZMADecompressor, lzma.LZMAError)
    return pieces


def unpacked(pieces: Iterator[bytes], make: Callable[[], Decompressor], failure: type[Exception]) -> Iterator[bytes]:
    """As with gzip, several compressed streams in a row are one file, and zeros at the end are padding."""
    reader = make()
    try:
        for piece in pieces:
            while piece:
                if reader.eof and not piece.strip(b"\0"):
                    break
                if reader.eof:
                    reader = make()
                yield reader.decompress(piece)
                piece = reader.unused_data
    except failure as error:
        raise UserError(f"The compressed file is damaged: {error}", hint=DAMAGED) from None
    if not reader.eof:
        raise UserError("The compressed file is incomplete", hint=DAMAGED)


DAMAGED = "Create or copy the file again."

UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def as_utf8(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Text in UTF-8 without a byte order mark. UTF-16 is converted, because `>` in PowerShell on Windows writes it.
    Line ends of Windows are converted if every line of the beginning has one. Everything else is unchanged."""
    mark = next((mark for mark in (codecs.BOM_UTF8, *UTF_16) if head.startswith(mark)), b"")
    if mark:
        pieces = recoded(without(mark, pieces), UTF_16.get(mark, "utf-8"))
        head, pieces = peek(pieces)
    lines = head.count(b"\n")
    if is_text(head) and lines and lines == head.count(b"\r\n"):
        return unix_lines(pieces)
    return pieces


def without(mark: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= len(mark):
            yield head[len(mark) :]
            break
    yield from pieces


def recoded(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces:
            yield decoder.decode(piece).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError:
        raise UserError(
            f"This text begins as {encoding.upper()} but does not continue as such: the file is damaged", hint=DAMAGED
        ) from None


def unix_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        piece = held + piece
        held = b"\r" if piece.endswith(b"\r") else b""
        yield piece.removesuffix(held).replace(b"\r\n", b"\n")
    yield held
