"""The audit's writer: numbers, seals, and what a crash or a full disk leaves."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from dokkupy_sdk import audit
from dokkupy_sdk.audit import Audit, key_after, read_key, save_key, seal

FIRST = bytes(range(32))


@pytest.fixture
def log(tmp_path: Path) -> Audit:
    return Audit(str(tmp_path))


def sealed(log: Audit) -> Audit:
    os.makedirs(os.path.dirname(log.path), exist_ok=True)
    save_key(log.key_path, 1, FIRST)
    return log


def rows(log: Audit) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(log.path).read_text().splitlines()]


def test_lines_are_numbered_from_one_and_have_no_seal_without_a_key(log: Audit) -> None:
    for command in ("a", "b"):
        log.record(who="ann", command=command, status=0, app="blog")
    assert [(row["number"], row["command"], row["app"], row["seal"]) for row in rows(log)] == [
        (1, "a", "blog", ""),
        (2, "b", "blog", ""),
    ]


def test_each_line_is_sealed_under_the_key_of_its_number(log: Audit) -> None:
    sealed(log)
    for number in range(5):
        log.record(who="ann", command=str(number), status=0, durable=number % 2 == 0)
    for number, line in enumerate(Path(log.path).read_bytes().splitlines()):
        body, _, found = line.rpartition(audit.MARK)
        assert found == seal(key_after(FIRST, number), body).encode() + b'"}'


def test_the_key_of_a_line_that_is_written_is_not_kept(log: Audit) -> None:
    sealed(log)
    log.record(who="ann", command="a", status=0, durable=True)
    assert read_key(log.key_path) == (2, key_after(FIRST, 1))
    assert FIRST.hex() not in Path(log.key_path).read_text()


def test_reading_commands_save_the_key_after_some_lines(log: Audit) -> None:
    sealed(log)
    for _ in range(audit.UNSAVED + 1):
        log.record(who="ann", command="apps:list", status=0)
    assert read_key(log.key_path)[0] == audit.UNSAVED + 2


def test_a_line_is_bounded_whatever_a_viewer_types(log: Audit) -> None:
    log.record(who="key:" + "v" * 9_000, command="completion:words " + "\U0001f600" * 100_000, status=0)
    assert len(Path(log.path).read_bytes()) < audit.TAIL
    log.record(who="ann", command="next", status=0)
    assert [row["number"] for row in rows(log)] == [1, 2]
    assert str(rows(log)[0]["command"]).endswith("more characters)")


@pytest.mark.parametrize("torn", [b"{", b'{"number": 2, "time": "2026', b"x" * 3_000])
def test_a_torn_line_is_cut_off_by_the_next_one(log: Audit, torn: bytes) -> None:
    log.record(who="ann", command="a", status=0)
    with open(log.path, "ab") as file:
        file.write(torn)
    log.record(who="ann", command="b", status=0)
    assert [(row["number"], row["command"]) for row in rows(log)] == [(1, "a"), (2, "b")]


def test_a_full_disk_leaves_no_part_of_a_line(log: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    log.record(who="ann", command="a", status=0)
    real = os.write
    monkeypatch.setattr(audit.os, "write", lambda fd, data: real(fd, data[: len(data) // 2]))
    with pytest.raises(OSError, match="No space left"):
        log.record(who="ann", command="b", status=0)
    monkeypatch.undo()
    log.record(who="ann", command="c", status=0)
    assert [(row["number"], row["command"]) for row in rows(log)] == [(1, "a"), (2, "c")]


def test_lines_that_are_missing_leave_a_gap(log: Audit) -> None:
    sealed(log)
    for command in "abc":
        log.record(who="ann", command=command, status=0, durable=True)
    os.unlink(log.path)
    log.record(who="ann", command="d", status=0)
    assert [row["number"] for row in rows(log)] == [4]


def test_a_garbage_key_file_does_not_end_a_command(log: Audit) -> None:
    sealed(log)
    Path(log.key_path).write_bytes(b"\xff\x00 garbage")
    log.record(who="ann", command="a", status=0)
    assert rows(log)[0]["seal"] == ""


def test_a_line_is_json_as_the_library_writes_it() -> None:
    entry = {"number": 3, "who": 'bücher "q" \\ \n\x01\U0001f600', "command": "", "status": 130}
    assert audit.json_object(entry) == json.dumps(entry).encode()
