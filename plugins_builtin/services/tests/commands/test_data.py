"""`import --file`, `backup-logs` and `--all-databases`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from dokkupy_sdk import Host
from dokkupy_services.testing.fakes import FakeDatastore

from plugins_builtin.services.tests.conftest import Ran


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The imported content. The fake's `restore` does not store it anywhere else."""
    found: list[bytes] = []
    monkeypatch.setattr(
        "dokkupy_services.data.pipes.restore", lambda datastore, inside, pieces: found.append(b"".join(pieces))
    )
    return found


def test_a_file_of_the_host_is_imported(
    host: Host, run: Callable[..., Ran], tmp_path: Path, imported: list[bytes]
) -> None:
    run("fake:create", "db")
    file = tmp_path / "dump"
    file.write_bytes(b"rows" * 100_000)
    assert run("fake:import", "db", "--file", str(file))[0] == 0
    assert imported == [b"rows" * 100_000]


def test_only_a_regular_file_with_an_absolute_path_is_imported(
    run: Callable[..., Ran], tmp_path: Path, imported: list[bytes]
) -> None:
    run("fake:create", "db")
    os.mkfifo(tmp_path / "pipe")
    for name, reason in (
        ("dump", "is not an absolute path"),
        (str(tmp_path), "cannot be read: Is a directory"),
        (str(tmp_path / "pipe"), "is not a regular file"),
        (str(tmp_path / "none"), "cannot be read: No such file"),
    ):
        status, _, err = run("fake:import", "db", "--file", name)
        assert status == 1 and reason in err, name
    assert imported == []


def test_how_backups_ended_is_printed(host: Host, run: Callable[..., Ran]) -> None:
    run("fake:create", "db")
    for subject, outcome, reason in (
        ("fake:db", "verified", ""),
        ("fake:other", "failed", "not this one"),
        ("fake:db", "failed", "the bucket\nis full"),
    ):
        host.events.record(f"backup_{outcome}", subject=subject, reason=reason)
    lines = run("fake:backup-logs", "db")[1].splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["verified", "failed the bucket is full"]
    assert run("fake:backup-logs", "db", "1")[1].splitlines() == lines[1:]
    assert run("fake:backup-logs", "none")[0] == 1


def test_backup_of_all_databases_is_refused_if_a_dump_has_only_one(
    host: Host, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("fake:create", "db")
    monkeypatch.setattr(FakeDatastore, "dumps_all", False)
    status, _, err = run("fake:backup", "db", "bucket", "--all-databases")
    assert status == 1 and "the server's other databases" in err and "fake:export db --all-databases" in err
    monkeypatch.setattr(FakeDatastore, "dumps_all", True)
    assert "the server's other databases" not in run("fake:backup", "db", "bucket", "--all-databases")[2]
