"""Files for `import`: recognized, decompressed, decoded, or refused with the command that creates a suitable dump."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Iterable
from pathlib import Path

import pytest
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Secret
from dokkupy_sdk.testing import fake_host
from dokkupy_services.data import imports
from dokkupy_services.dump_formats import lines_of
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName
from dokkupy_services.testing.fakes import FakeDatastore

TEXT = b"FAKE 1\n" + b"a line of it\n" * 9000


class Picky(FakeDatastore):
    dump_command = "fakedump DATABASE"
    import_magics = (b"FAKE",)


@pytest.fixture
def picky(tmp_path: Path) -> Picky:
    return Picky(fake_host(tmp_path, plugins=()))


SERVICE = Service(
    "fake", ServiceName("db"), "i", "fake:1", "", "1", "v", "db", "db", Secret("x"), Secret("y"), "2026-01-01T00:00:00Z"
)


def cut(data: bytes, size: int = 1000) -> Iterable[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def read(datastore: Picky, data: bytes, size: int = 1000) -> bytes:
    return b"".join(imports.read(datastore, SERVICE, cut(data, size)))


@pytest.mark.parametrize("size", [1, 999, 10**6])
@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, bytes])
def test_a_compressed_dump_is_decompressed(picky: Picky, compress: type[bytes], size: int) -> None:
    assert read(picky, compress(TEXT), size) == TEXT


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_two_compressed_files_one_after_another_are_one(picky: Picky, compress: type[bytes]) -> None:
    assert read(picky, compress(TEXT) + compress(b"end\n")) == TEXT + b"end\n"


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_file_that_is_cut_off_is_an_error(picky: Picky, compress: type[bytes]) -> None:
    data = compress(TEXT)
    with pytest.raises(UserError, match="is incomplete"):
        read(picky, data[: len(data) - 20])


def test_a_compressed_file_that_is_damaged_is_an_error(picky: Picky) -> None:
    data = bytearray(gzip.compress(TEXT))
    data[-6] ^= 255
    with pytest.raises(UserError, match="is damaged"):
        read(picky, bytes(data))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("size", [1, 1001])
def test_text_of_windows_becomes_text_of_unix(picky: Picky, encoding: str, size: int) -> None:
    text = "FAKE 1\r\nnaïve \N{SNOWMAN}\r\n"
    assert read(picky, text.encode(encoding), size).decode() == text.replace("\r\n", "\n")


def test_a_carriage_return_within_lines_of_unix_stays(picky: Picky) -> None:
    assert read(picky, b"FAKE\na\r\nb\n") == b"FAKE\na\r\nb\n"


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"PGDMP\1\2", "a PostgreSQL dump in pg_dump's custom format"),
        (b"-- MySQL dump 10.13  Distrib", "a dump of mysqldump"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\0" * 257 + b"ustar", "a tar archive"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"hello", "text of no known format"),
        (b"\0\1\2\3", "binary data of no known format"),
    ],
)
def test_the_error_for_another_format_names_it_and_the_command_for_a_dump(picky: Picky, head: bytes, what: str) -> None:
    with pytest.raises(UserError) as raised:
        read(picky, head)
    assert raised.value.message == f"This is {what}, which fake:import cannot read"
    assert "fakedump DATABASE | ssh dokku@HOST fake:import db" in raised.value.hint


def test_an_unsupported_compression_is_refused_with_its_program(picky: Picky) -> None:
    with pytest.raises(UserError) as raised:
        read(picky, b"\x28\xb5\x2f\xfd....")
    assert raised.value.hint == "zstd -dc FILE | ssh dokku@HOST fake:import db"


def test_nothing_on_standard_input_is_refused(picky: Picky) -> None:
    with pytest.raises(UserError, match="Standard input is empty"):
        read(picky, b"")


def test_lines_keep_their_ends_wherever_the_pieces_are_cut() -> None:
    text = b"one\n\ntwo\r\nthree\rfour"
    for size in range(1, len(text) + 1):
        assert list(lines_of(cut(text, size))) == [b"one\n", b"\n", b"two\r\n", b"three\rfour"]
