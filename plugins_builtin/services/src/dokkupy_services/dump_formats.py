"""Detects the kind of a file for `import` by its first bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dokkupy_services.model import Service

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
"""First bytes -> format, from each program's documentation or source (`file`'s magic agrees)."""

TOOLS = {b"\x28\xb5\x2f\xfd": "zstd -dc", b"\x04\x22\x4d\x18": "lz4 -dc", b"PK\x03\x04": "unzip -p"}
"""Compressions that the standard library does not support -> the program that decompresses them."""


def describe(head: bytes) -> str:
    """A phrase for the kind of a file with this beginning, such as `a dump of mysqldump`."""
    for magic, name in FORMATS:
        if head.startswith(magic):
            return name
    at, magic = TAR_MAGIC
    if head[at : at + len(magic)] == magic:
        return "a tar archive"
    return "text of no known format" if is_text(head) else "binary data of no known format"


def is_text(head: bytes) -> bool:
    return b"\0" not in head


def into(service: Service) -> str:
    return f"ssh dokku@HOST {service.kind}:import {service.name}"


LINE = re.compile(rb"[^\n]*\n|[^\n]+")


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The lines with their newlines. A carriage return is an ordinary character."""
    held: list[bytes] = []
    for piece in pieces:
        for line in LINE.findall(piece):
            held.append(line)
            if line.endswith(b"\n"):
                yield b"".join(held)
                held = []
    if held:
        yield b"".join(held)
