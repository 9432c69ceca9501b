"""Records of backups, their order, and which one is chosen."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dokkupy_backups.names import SubjectName
from dokkupy_backups.record.manifest import Record, from_tags, moment, stamp
from dokkupy_backups.record.stored import choose
from dokkupy_sdk.errors import NotFound, UserError
from dokkupy_sdk.records import decode, encode

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


def test_records_survive_table_tags_and_manifest() -> None:
    record = made(
        3, about={"version": "17"}, before={"table public.posts: rows": "1"}, after={"a.b": "2"}, plugins={"p": "1"}
    )
    assert decode(Record, encode(record)) == record
    found = from_tags(record.manifest, "here", dict(tag.split("=", 1) for tag in record.tags() if "=" in tag), "local")
    assert found is not None and not found.whole
    assert found.completed(record.body()) == record
    assert from_tags("x", "here", {"subject": "rows:db"}, "local") is None
    assert (
        from_tags("x", "here", {**dict(t.split("=", 1) for t in record.tags() if "=" in t), "size": "many"}, "local")
        is None
    )
    assert json.loads(record.body())["format"] == 1


def test_choice_of_a_backup_by_time_host_and_proof() -> None:
    name = SubjectName("rows:db")
    found = [made(10, why="safety"), made(9, failed="bad"), made(8), made(7, verified="x"), made(6, host_name="there")]
    assert choose(found, name, None, "here") == found[2]
    assert choose(found, name, datetime(2026, 11, 7, 12, tzinfo=UTC), "here") == found[3]
    assert choose(found, name, None, "there") == found[4]
    assert choose([found[4]], name, None, "new-machine") == found[4]
    with pytest.raises(NotFound):
        choose(found, name, datetime(2026, 11, 1, tzinfo=UTC), "here")
    with pytest.raises(UserError, match="several other hosts"):
        choose([found[4], made(5, host_name="elsewhere")], name, None, "new-machine")


def test_backups_within_one_second_are_in_their_order() -> None:
    first = datetime(2026, 11, 1, 12, 0, 0, 5_000, tzinfo=UTC)
    stamps = [stamp(first + timedelta(milliseconds=delay)) for delay in (0, 5, 95, 995)]
    assert stamps[0] == "2026-11-01T12:00:00.005Z" and sorted(stamps) == stamps and len({*stamps}) == 4
    assert moment(stamps[0]) == first
