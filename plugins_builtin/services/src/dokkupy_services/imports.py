"""What a person brings to `import`: recognized by its first bytes, decompressed, and decoded where it is text.

The datastore says which of it its `restore` takes (`Datastore.read_import`). What it does not take is refused by the name
of what it is, with the command that makes a fitting dump.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn, Protocol

from dokkupy_sdk.errors import UserError

from dokkupy_services.model import Service
from dokkupy_services.pipes import EDGE
from dokkupy_services.role import Datastore

TAR_MAGIC = (257, b"ustar")

FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"PGDMP", "a PostgreSQL dump in pg_dump's custom format"),
    (b"toc.dat\0", "a PostgreSQL dump in pg_dump's tar format"),
    (b"--\n-- PostgreSQL database cluster dump", "a dump of pg_dumpall"),
    (b"--\n-- PostgreSQL database dump", "a PostgreSQL dump in plain SQL"),
    (b"-- MySQL dump", "a dump of mysqldump"),
    (b"-- MariaDB dump", "a dump of mariadb-dump"),
    (b"/*M!999999", "a dump of mariadb-dump"),
    (b"-- phpMyAdmin", "an export of phpMyAdmin"),
    (b"REDIS", "a snapshot of Redis (RDB)"),
    (b"VALKEY", "a snapshot of Valkey (RDB)"),
    (b"*2\r\n$6\r\nSELECT", "an append-only file of Redis (AOF)"),
    (b"\x6d\xe2\x99\x81", "an archive of mongodump"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PK\x03\x04", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
    (b"\x04\x22\x4d\x18", "compressed by lz4"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"BZh", "compressed by bzip2"),
    (b"\xfd7zXZ\0", "compressed by xz"),
    (b"Salted__", "encrypted by openssl"),
    (b"age-encryption.org", "encrypted by age"),
    (b"-----BEGIN PGP MESSAGE", "encrypted by GnuPG"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"{", "JSON"),
    (b"[", "JSON"),
)
"""First bytes and what they mean; from each program's own documentation or source (`file`'s magic agrees)."""

TOOLS = {b"\x28\xb5\x2f\xfd": "zstd -dc", b"\x04\x22\x4d\x18": "lz4 -dc", b"PK\x03\x04": "unzip -p"}
"""Compressions that the standard library cannot read, and the program that does."""


def describe(head: bytes) -> str:
    """What a file that begins so is, in a few words such as `a dump of mysqldump`."""
    for magic, name in FORMATS:
        if head.startswith(magic):
            return name
    at, magic = TAR_MAGIC
    if head[at : at + len(magic)] == magic:
        return "a tar archive"
    return "text of no known format" if is_text(head) else "binary data of no known format"


def is_text(head: bytes) -> bool:
    return b"\0" not in head


def refuse(datastore: Datastore, service: Service, head: bytes) -> NoReturn:
    """Raise UserError: what the file is, and how to make one that can be imported."""
    raise UserError(
        f"This is {describe(head)}, which {datastore.kind}:import cannot read",
        hint=f"Make a dump that it can read: {datastore.dump_command} | {into(service)}",
        code="unknown_dump",
    )


def into(service: Service) -> str:
    return f"ssh dokku@HOST {service.kind}:import {service.name}"


def read(datastore: Datastore, service: Service, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What the datastore's `restore` takes, made from a file in pieces. Raises UserError before anything was changed when
    the beginning is enough to refuse it; while it is read otherwise."""
    head, rest = peek(iter(pieces))
    if not head:
        raise UserError("There is nothing on standard input", hint=f"{into(service)} < FILE")
    if not datastore.compressed_imports or not head.startswith(b"\x1f\x8b"):
        head, rest = peek(decompressed(service, head, rest))
    head, rest = peek(as_utf8(head, rest))
    return iter(datastore.read_import(service, head, rest))


def peek(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first 64 KiB, or less when there is less, and the whole again."""
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
    """What zlib, bz2 and lzma have in common."""

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
    """Several compressed streams one after another are one file, and zeros at the end are padding, as gzip has it."""
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
        raise UserError(f"The compressed file is damaged: {error}") from None
    if not reader.eof:
        raise UserError("The compressed file ends early")


UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def as_utf8(head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Text without its byte order mark; UTF-16, as Windows' PowerShell writes what `>` gets, becomes UTF-8. Line ends of
    Windows go where every line of the beginning has one. Anything else is as it is."""
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
        raise UserError(f"This text begins as {encoding.upper()} and does not go on so: the file is damaged") from None


def unix_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        piece = held + piece
        held = b"\r" if piece.endswith(b"\r") else b""
        yield piece.removesuffix(held).replace(b"\r\n", b"\n")
    yield held


LINE = re.compile(rb"[^\n]*\n|[^\n]+")


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, each with its newline; a carriage return is a character like others."""
    held: list[bytes] = []
    for piece in pieces:
        for line in LINE.findall(piece):
            held.append(line)
            if line.endswith(b"\n"):
                yield b"".join(held)
                held = []
    if held:
        yield b"".join(held)
