"""The size of directories in reports, and the doctor's finding about a missing one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host
from dokkupy_storage.directories import sizes
from dokkupy_storage.directories.directory import storage_root
from dokkupy_storage.directories.sizes import Measurement, SizesFile, facts, measure, measure_later
from dokkupy_storage.hooks import doctor_checks, scheduled_jobs

APP = AppName("blog")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """An engine whose du counts the files, because the fake engine runs no program."""
    host = fake_host(tmp_path / "dokkupy", plugins=("storage",))
    os.makedirs(storage_root(host))
    create_app(host, APP)
    for name in ("data", "free"):
        assert main(["storage:create", name], host=host) == 0
    assert main(["storage:mount", APP, "data", "--container-dir", "/d"], host=host) == 0
    monkeypatch.setattr(sizes, "used", lambda host, paths: {path: 1000 * len(os.listdir(path)) for path in paths})
    return host


def json_of(host: Host, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    capsys.readouterr()
    assert main([*words, "--format", "json"], host=host) == 0
    found: dict[str, str] = json.loads(capsys.readouterr().out)
    return found


def test_size_and_growth_are_in_the_reports(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert json_of(host, capsys, "storage:info", "data")["used-bytes"] == ""
    path = os.path.join(storage_root(host), "data")
    for day in range(3):
        Path(path, str(day)).touch()
        measure(host, now=86400.0 * day)
    found = json_of(host, capsys, "storage:info", "data")
    assert (found["used-bytes"], found["growth-bytes-per-day"]) == ("3000", "1000")
    assert found["measured-at"] == "1970-01-03T00:00:00Z"
    report = json_of(host, capsys, "storage:report", APP, "--verbose")
    assert (report["storage-used-bytes"], report["storage-growth-bytes-per-day"]) == ("3000", "1000")
    assert "storage-used-bytes" not in json_of(host, capsys, "storage:report", APP)


def test_measurements_are_kept_for_a_week_and_removed_with_their_directory(host: Host) -> None:
    for day in range(20):
        measure(host, now=86400.0 * day)
    assert all(len(one) == sizes.KEPT for one in host.store.load(SizesFile).sizes.values())
    assert main(["storage:destroy", "free", "--force", "--destroy-host-dir"], host=host) == 0
    measure(host)
    assert list(host.store.load(SizesFile).sizes) == [os.path.join(storage_root(host), "data")]


def test_growth_is_none_before_the_second_measurement() -> None:
    assert facts((Measurement(at=5, bytes=7),))["growth-bytes-per-day"] == "0"


def test_the_timer_measures_once_a_day_in_another_process(host: Host) -> None:
    (job,) = scheduled_jobs(host)
    assert (job.name, job.every) == ("storage-sizes", 86400)
    measure_later(host)
    assert host.spawned == [("storage:measure",)]  # type: ignore[attr-defined]


def test_the_doctor_reports_a_missing_directory(host: Host) -> None:
    assert [one.level for one in doctor_checks(host)] == ["ok"]
    os.rmdir(os.path.join(storage_root(host), "data"))
    (found,) = doctor_checks(host)
    assert found.level == "error" and "data does not exist" in found.message and APP in found.message
