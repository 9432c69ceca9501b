"""Schedules on a clock of the tests: caught up once, backed off, overdue, pruned; one at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from dokkupy_backups.doctor import findings
from dokkupy_backups.names import BackupId, SubjectName, TargetName
from dokkupy_backups.record import attempts, stored
from dokkupy_backups.record.stored import choose, records, require_record
from dokkupy_backups.run.retention import Keep, too_early
from dokkupy_backups.schedule import due
from dokkupy_backups.schedule.change import end_schedule, make_schedule
from dokkupy_backups.schedule.stored import schedules
from dokkupy_backups.target.stored import read_target
from dokkupy_sdk.cron import Cron
from dokkupy_sdk.errors import Conflict, HostError
from dokkupy_sdk.locks import take
from dokkupy_sdk.operation import operation

from plugins_builtin.backups.tests.conftest import World
from plugins_builtin.backups.tests.fake import set_fault

DB = SubjectName("rows:db")
START = datetime(2026, 11, 1, 12).astimezone()


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def to(self, **span: int) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(stored, "wall_clock", made)
    return made


def plan(world: World, cron: str = "0 3 * * *", verify: str = "", objective: int = 0, **keep: int) -> None:
    target = read_target(world.host, TargetName("local"))
    make_schedule(world.host, DB, Cron(cron), target, Keep(**keep), Cron(verify) if verify else None, objective, START)


def run(world: World, clock: Clock) -> list[str]:
    return due.run_due(world.host, clock=clock)


def levels(world: World, clock: Clock) -> list[str]:
    return [one.level for one in findings(world.host, clock()) if "rows:db" in one.message]


def test_nothing_is_due_before_the_first_firing(local: World, clock: Clock) -> None:
    plan(local)
    clock.to(hours=14)
    assert run(local, clock) == [] and levels(local, clock) == ["ok"]


def test_missed_backups_are_caught_up_once_and_verified(local: World, clock: Clock) -> None:
    plan(local)
    clock.to(days=3)
    assert run(local, clock)[:2] == ["rows:db: backup done", "rows:db: verify done"]
    assert [one.state for one in records(local.host, DB)] == ["verified"]
    assert run(local, clock) == []
    clock.to(days=1)
    assert run(local, clock) == ["rows:db: backup done", "rows:db: verify done"]
    assert levels(local, clock) == ["ok"]


def test_verify_schedule_of_its_own_takes_the_newest(local: World, clock: Clock) -> None:
    plan(local, verify="0 5 * * 0")  # START is a Sunday, after it
    clock.to(days=1)
    assert run(local, clock) == ["rows:db: backup done"]
    clock.to(days=6)
    assert run(local, clock) == ["rows:db: backup done", "rows:db: verify done"]
    assert [one.state for one in records(local.host, DB)] == ["verified", "done"]


def test_clock_that_was_ahead_and_set_back_stops_neither_backups_nor_attempts_and_deletes_nothing(
    local: World, clock: Clock
) -> None:
    clock.to(days=365)
    plan(local, last=1)
    clock.to(days=1)
    assert run(local, clock)[:2] == ["rows:db: backup done", "rows:db: verify done"]
    set_fault(local.base, "db", "raise")
    clock.to(days=1)
    assert "backup failed" in run(local, clock)[0]
    set_fault(local.base, "db", "")
    ahead = records(local.host, DB)[0].id

    clock.now = START + timedelta(days=1)
    assert run(local, clock)[:2] == ["rows:db: backup done", "rows:db: verify done"]
    assert run(local, clock) == []
    clock.to(days=1)
    assert run(local, clock)[:2] == ["rows:db: backup done", "rows:db: verify done"]
    assert "in the future" in too_early(records(local.host), clock.now)[DB]
    assert [one.started[:4] for one in records(local.host, DB)] == ["2026", "2026", "2027"]
    assert choose(records(local.host), DB, None, "").id != ahead


def test_failures_back_off_show_in_doctor_and_end_with_a_success(local: World, clock: Clock) -> None:
    plan(local)
    set_fault(local.base, "db", "raise")
    clock.to(days=1)
    tries = []
    for _ in range(40):
        if run(local, clock):
            tries.append(clock.now)
        clock.to(minutes=15)
    pauses = [(after - before) / timedelta(minutes=15) for before, after in zip(tries, tries[1:])]
    assert pauses == [1, 2, 4, 8, 16]
    assert "warning" in levels(local, clock)
    assert attempts.read(local.host, DB, "backup").failures == 6
    set_fault(local.base, "db", "")
    clock.to(hours=9)
    assert "rows:db: backup done" in run(local, clock)
    assert attempts.read(local.host, DB, "backup").failures == 0 and levels(local, clock) == ["ok"]


def test_age_of_the_last_verified_backup_is_alarmed_without_any_failure(local: World, clock: Clock) -> None:
    """Nobody ran the timer: no job failed, and still it is said."""
    plan(local, objective=30)
    clock.to(days=1)
    run(local, clock)
    heard = len(local.plugin.heard)
    clock.to(hours=31)
    set_fault(local.base, "db", "raise")
    lines = run(local, clock)
    assert any("the last verified backup is 31.0 hours old" in line for line in lines)
    assert ("rows:db", "failed") in [one[:2] for one in local.plugin.heard[heard:]]
    assert "warning" in levels(local, clock) and "error" not in levels(local, clock)
    clock.to(hours=30)
    assert "error" in levels(local, clock)
    clock.to(minutes=1)
    seen = [one for one in local.plugin.heard if "the limit is" in one[2]]
    run(local, clock)
    assert len([one for one in local.plugin.heard if "the limit is" in one[2]]) == len(seen) + 1
    run(local, clock)
    assert len([one for one in local.plugin.heard if "the limit is" in one[2]]) == len(seen) + 1


def test_backup_that_was_never_verified_becomes_overdue(local: World, clock: Clock) -> None:
    plan(local)
    set_fault(local.base, "db", "emptied")
    clock.to(hours=50)
    run(local, clock)
    assert "warning" in levels(local, clock)
    row = local.json("backups:report", "rows:db")
    assert row["last-verified-age-hours"] is None and row["verify-failures"] == 1


def test_allowed_age_is_twice_the_interval_by_default(local: World) -> None:
    plan(local)
    assert schedules(local.host)[0].allowed_age() == timedelta(days=2)
    plan(local, verify="0 5 * * 0")
    assert schedules(local.host)[0].allowed_age() == timedelta(days=14)
    plan(local, objective=7)
    assert schedules(local.host)[0].allowed_age() == timedelta(hours=7)


def test_prune_by_policy_never_forgets_the_last_verified_nor_the_newest(local: World, clock: Clock) -> None:
    plan(local, last=1)
    for _ in range(2):
        clock.to(days=1)
        run(local, clock)
    set_fault(local.base, "db", "emptied")  # from here on nothing can be proven
    local.host.store.write("global", "backups", data={"properties": {"smallest-percent": "0"}})
    for _ in range(3):
        clock.to(days=1)
        run(local, clock)
    found = records(local.host, DB)
    assert [one.state for one in found] == ["failed", "verified"]
    assert len(local.snapshots()) == 4
    local.run("backups:verify", found[1].id)


def test_prune_frees_space_and_keeps_what_no_schedule_counts(local: World, clock: Clock) -> None:
    local.run("backups:create", "host")
    local.run("backups:create", "rows:db")
    local.run("backups:create", "rows:db")
    clock.now = datetime.now().astimezone()  # that of the backups: none of the future is deleted
    plan(local, last=1)
    due.try_prune(local.host, TargetName("local"), clock)
    assert sorted(str(one.subject) for one in records(local.host)) == ["host", "rows:db"]
    assert not due.prune_due(local.host, TargetName("local"), clock())
    clock.to(days=1)
    assert due.prune_due(local.host, TargetName("local"), clock())


def test_tick_starts_a_process_only_when_something_is_due(
    local: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawned: list[Any] = []
    monkeypatch.setattr(type(local.host), "spawn", lambda _, *words: spawned.append(words))
    plan(local)
    due.tick(local.host, clock=clock)
    assert spawned == []
    clock.to(days=1)
    due.tick(local.host, clock=clock)
    assert spawned == [("--quiet", "backups:run-due")]
    assert local.json("backups:run-due", "--dry-run")["plan"][0] == "back rows:db up into local"
    assert local.json("backups:target-key", "local", "--dry-run")["plan"] and records(local.host) == []


def test_due_work_is_done_by_one_process(local: World, clock: Clock) -> None:
    plan(local)
    clock.to(days=1)
    lock = take(local.host.root, due.LOCK, owner={}, wait=0)
    assert run(local, clock) == []
    lock.release()
    assert run(local, clock)


def test_subject_that_is_gone_fails_by_name_and_stops_nobody_else(local: World, clock: Clock) -> None:
    plan(local)
    (local.base / "rows/db").rename(local.base / "rows/moved")
    clock.to(days=1)
    assert "No service, app or host to back up is called rows:db" in run(local, clock)[0]
    assert "warning" in levels(local, clock)


def test_defect_of_one_subject_leaves_the_others_their_turn(
    local: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_schedule(
        local.host,
        SubjectName("host"),
        Cron("0 3 * * *"),
        read_target(local.host, TargetName("local")),
        Keep(),
        None,
        0,
        START,
    )
    plan(local)
    monkeypatch.setattr("dokkupy_backups.subject.host_state.HostState.dump", lambda *_: 1 // 0)
    clock.to(days=1)
    lines = run(local, clock)
    assert "host: backup failed" in lines[0] and "ZeroDivisionError" in lines[0]
    assert "rows:db: backup done" in lines and "rows:db: verify done" in lines


def test_destroying_what_a_schedule_backs_up_is_refused_unless_forced(local: World) -> None:
    plan(local)
    with operation(local.host, "destroy", "service:x") as tx, pytest.raises(Conflict, match="backed up by a schedule"):
        end_schedule(local.host, "rows:db", tx)
    local.host = local.host.for_invocation(force=True)
    with pytest.raises(HostError), operation(local.host, "destroy", "service:x") as tx:
        end_schedule(local.host, "rows:db", tx)
        raise HostError("the destruction failed")
    assert len(schedules(local.host)) == 1
    with operation(local.host, "destroy", "service:x") as tx:
        end_schedule(local.host, "rows:db", tx)
    assert schedules(local.host) == []


def test_last_verified_backup_is_deleted_only_by_force(local: World) -> None:
    local.run("backups:create", "rows:db")
    local.run("backups:verify", "rows:db")
    identifier = local.json("backups:list")[0]["id"][:8]
    assert "last verified backup" in local.run("backups:delete", identifier, status=1)
    local.run("backups:delete", identifier, "--force")
    assert local.json("backups:list") == [] and local.snapshots() == []
    assert "There is no backup" in local.run("backups:info", identifier, status=1)
    with pytest.raises(Exception, match="There is no backup"):
        require_record(local.host, BackupId(identifier))
