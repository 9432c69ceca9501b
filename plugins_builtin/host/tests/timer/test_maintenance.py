"""The timer's work, and recovery after a crash."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import pytest
from dokkupy.errors import HostError
from dokkupy.host import Host
from dokkupy.kernel import locks
from dokkupy.kernel.journal import Journal
from dokkupy.kernel.operation import unfinished
from dokkupy.kernel.transaction import call
from dokkupy.model.checks import Job
from dokkupy.model.names import AppName
from dokkupy_apps.releases.records import current
from dokkupy_apps.testing import deploy
from dokkupy_host.timer import RECOVER, TICK, maintenance
from dokkupy_sdk.locks import MAINTENANCE
from dokkupy_sdk.testing.fake_engine import FakeEngine

ran: list[str] = []


def good(host: Host) -> None:
    ran.append("good")


def long(host: Host) -> None:
    time.sleep(60)


def bad(host: Host) -> None:
    raise SystemExit(3)


def mark(host: Host, name: str) -> None:
    ran.append(name)


def fail(host: Host) -> None:
    raise OSError("no way back")


@pytest.fixture(autouse=True)
def forget() -> None:
    ran.clear()


def jobs(host: Host, monkeypatch: pytest.MonkeyPatch, *found: tuple[str, Job]) -> None:
    def gather(spec: object, **_: object) -> Iterable[tuple[str, Job]]:
        return found

    monkeypatch.setattr(host.hooks, "gather", gather)


def left_open(host: Host, subject: str, undo: object) -> None:
    """A journal as a killed process leaves it."""
    journal = Journal(host.root, f"0000{subject.replace(':', '')}")
    journal.begin({"id": journal.id, "verb": "test", "subject": subject, "pid": 1, "who": "tester"})
    journal.write({"type": "step", "name": "step", "undo": undo.as_json()}, sync=True)  # type: ignore[attr-defined]
    os.close(journal._fd)


def test_a_failing_job_is_a_warning_and_the_next_one_runs(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs(host, monkeypatch, ("one", Job("job", 60, f"{__name__}:bad")), ("two", Job("job", 60, f"{__name__}:good")))
    assert maintenance.run_jobs(host) == ["ran two/job"]
    assert ran == ["good"]


def test_a_job_runs_again_only_when_its_time_is_up(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs(host, monkeypatch, ("two", Job("job", 60, f"{__name__}:good")))
    now = time.time()
    assert maintenance.run_due(host, now) == ["ran two/job"]
    assert maintenance.run_due(host, now + 59) == []
    assert maintenance.run_due(host, now + 60) == ["ran two/job"]


def test_a_clock_that_is_set_back_does_not_delay_a_job(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs(host, monkeypatch, ("two", Job("job", 60, f"{__name__}:good")))
    now = time.time()
    assert maintenance.run_due(host, now + 86400) == ["ran two/job"]
    assert maintenance.run_due(host, now) == ["ran two/job"]
    assert maintenance.run_due(host, now + 59) == []


@pytest.mark.parametrize("text", [None, "", "broken = ["])
def test_a_lost_record_of_the_last_runs_is_created_again(
    host: Host, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    jobs(host, monkeypatch, ("two", Job("job", 60, f"{__name__}:good")))
    now = time.time()
    assert maintenance.run_due(host, now) == ["ran two/job"]
    path = Path(host.store.path("global", "tick"))
    path.unlink() if text is None else path.write_text(text)
    assert maintenance.run_due(host, now + 1) == ["ran two/job"]
    assert maintenance.run_due(host, now + 2) == []


def test_a_job_that_still_runs_is_not_started_twice_and_does_not_delay_others(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A running job must not block the others: a backup of hours would keep services from being started.
    jobs(host, monkeypatch, ("one", Job("job", 0, f"{__name__}:good")), ("two", Job("job", 0, f"{__name__}:good")))
    lock = locks.take(host.root, "job:one/job", owner={}, wait=0)
    assert maintenance.run_jobs(host) == ["ran two/job"]
    lock.release()
    assert maintenance.run_jobs(host) == ["ran one/job", "ran two/job"]


def test_the_timer_does_not_wait_for_a_long_job(host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    jobs(host, monkeypatch, ("long", Job("job", 0, f"{__name__}:long")))
    (line,) = [line for line in maintenance.do_tick(host, 0.2) if line.startswith("left the jobs to process ")]
    child = int(line.split()[-1])
    assert locks.holder(host.root, "job:long/job")["pid"] == child
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    jobs(host, monkeypatch, ("short", Job("job", 60, f"{__name__}:good")))
    assert maintenance.do_tick(host, 30) == []
    assert maintenance.run_due(host, time.time()) == [], "its run was noted"


def test_the_timer_rolls_back_what_a_dead_process_left(host: Host) -> None:
    left_open(host, "host", call(mark, name="undone"))
    assert "recovered host" in maintenance.do_tick(host)
    assert ran == ["undone"]
    assert unfinished(host) == []


def test_a_running_operation_is_not_touched_and_not_waited_for(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    left_open(host, "host", call(mark, name="undone"))
    lock = locks.take(host.root, "host", owner={"command": "deploy"}, wait=0)
    waits: list[float] = []
    monkeypatch.setattr("dokkupy.kernel.locks.time.sleep", waits.append)
    assert (maintenance.recover_unfinished(host), waits) == ([], [])
    lock.release()
    assert ran == []
    assert len(unfinished(host)) == 1


def test_an_app_that_cannot_be_recovered_does_not_prevent_the_recovery_of_others(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reconcile(host: Host, app: AppName) -> list[str]:
        if app == "bad":
            raise HostError("The engine lost it")
        return [f"{app}: started"]

    for name in ("bad", "good"):
        host.store.write("apps", name, "app", data={})
    monkeypatch.setattr(maintenance, "reconcile", reconcile)
    assert host.store.apps() == ["bad", "good"]
    assert maintenance.recover_all(host, boot=False) == (["good: started"], ["app:bad"])


def test_recover_waits_for_the_timer_that_recovers_the_same_subject(host: Host) -> None:
    left_open(host, "other", call(mark, name="undone"))
    lock = locks.take(host.root, "other", owner={"command": "tick --within 50"}, wait=0)
    timer = threading.Timer(0.3, lock.release)
    timer.start()
    assert maintenance.recover_all(host, boot=False) == (["recovered other"], [])
    timer.join()
    assert ran == ["undone"]


def test_recover_does_not_wait_for_a_running_deploy(host: Host) -> None:
    left_open(host, "other", call(mark, name="undone"))
    lock = locks.take(host.root, "other", owner={"command": "ps:rebuild blog"}, wait=0)
    assert maintenance.recover_all(host, boot=False) == ([], [])
    lock.release()
    assert ran == []


def test_an_undo_that_fails_stays_open_and_the_next_subject_is_recovered(host: Host) -> None:
    left_open(host, "host", call(fail))
    left_open(host, "other", call(mark, name="undone"))
    assert maintenance.recover_all(host, boot=False) == (["recovered other"], ["host"])
    assert [entries[0]["subject"] for _, entries in unfinished(host)] == ["host"]
    assert ran == ["undone"]


def test_the_timer_starts_ended_processes(host: Host) -> None:
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    (web,) = current(host, AppName("blog"))[1]
    cast(FakeEngine, host.engine()).end(web.id, 1, at=time.time())
    assert "blog: started web.1" in maintenance.do_tick(host)


def test_locks_know_the_timer_s_commands() -> None:
    assert set(MAINTENANCE) == {TICK, RECOVER}
