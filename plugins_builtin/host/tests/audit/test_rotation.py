"""Rotating the audit beside its writers, and when the process is killed in between."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from dokkupy_host.audit import rotation
from dokkupy_host.audit.rotation import begin_file
from dokkupy_sdk.audit import Audit, read_key, save_key


@pytest.fixture
def log(tmp_path: Path) -> Audit:
    return Audit(str(tmp_path))


def sealed(log: Audit) -> None:
    os.makedirs(os.path.dirname(log.path), exist_ok=True)
    save_key(log.key_path, 1, bytes(range(32)))


def rows(log: Audit) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(log.path).read_text().splitlines()]


def test_writers_beside_each_other_and_beside_a_rotation_write_each_number_once(log: Audit) -> None:
    sealed(log)

    def write() -> None:
        for _ in range(30):
            log.record(who="ann", command="a", status=0)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    begin_file(log)
    for thread in threads:
        thread.join()
    numbers = [
        json.loads(line)["number"]
        for path in sorted(Path(log.path).parent.glob("audit*.log"))
        for line in path.read_text().splitlines()
    ]
    assert sorted(numbers) == list(range(1, 122))


@pytest.mark.parametrize("boundary", ["link_over", "replace"])
def test_a_rotation_that_is_killed_leaves_the_audit_as_it_was(
    log: Audit, monkeypatch: pytest.MonkeyPatch, boundary: str
) -> None:
    sealed(log)
    for _ in range(70):
        log.record(who="ann", command="a", status=0)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rotation if boundary == "link_over" else rotation.os, boundary, killed)
    with pytest.raises(KeyboardInterrupt):
        begin_file(log)
    monkeypatch.undo()
    log.record(who="ann", command="b", status=0, durable=True)
    assert [row["number"] for row in rows(log)] == list(range(1, 72))
    assert read_key(log.key_path)[0] == 72
