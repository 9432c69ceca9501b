"""Which backups are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from dokkupy_backups.names import SubjectName
from dokkupy_backups.record.manifest import Record
from dokkupy_backups.run.retention import Keep, protected, removable

pytestmark = pytest.mark.unit


def made(number: int, **facts: Any) -> Record:
    fields: dict[str, Any] = {"why": "schedule", "subject": SubjectName("rows:db"), "host_name": "here", **facts}
    return Record(
        f"{number:064x}",
        f"{number:063x}m",
        fields.pop("subject"),
        "local",
        fields.pop("host_name"),
        "rows-db.rows",
        "0" * 64,
        100,
        f"2026-11-{number:02d}T03:00:00Z",
        **fields,
    )


def test_last_verified_and_newest_are_kept_whatever_the_policy_says() -> None:
    found = [made(9), made(8, verified="x", failed="later"), made(7), made(6, verified="x"), made(5, verified="x")]
    kept = protected(found)
    assert kept == {found[0].id, found[3].id}
    everything = {one.manifest for one in found}
    gone = removable(found, everything, safety_before=datetime(2026, 11, 20, tzinfo=UTC), kept=kept)
    assert [one.started[8:10] for one in gone] == ["08", "07", "05"]


def test_safety_backups_go_by_age_alone() -> None:
    found = [made(9, why="safety"), made(1, why="safety"), made(2)]
    gone = removable(
        found, {one.manifest for one in found}, safety_before=datetime(2026, 11, 5, tzinfo=UTC), kept=protected(found)
    )
    assert gone == [found[1]]


def test_policy_is_said_in_restic_s_words() -> None:
    assert Keep(last=3, weekly=2).words() == ["--keep-last", "3", "--keep-weekly", "2"] and Keep().words() == []
