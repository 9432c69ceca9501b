"""The journal: written before a thing is done, read by whoever comes after a crash."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dokkupy.errors import HostError
from dokkupy.kernel.journal import KEPT_JOURNALS, Journal, new_id, prune_closed, read_journal
from dokkupy.kernel.transaction import call


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(str(tmp_path), new_id())
    made.begin({"verb": "deploy", "subject": "app:blog"})
    return made


def test_entries_are_read_in_their_order_with_their_time(journal: Journal) -> None:
    journal.write({"type": "step", "name": "write"}, sync=True)
    entries = read_journal(journal.path)
    assert [entry["type"] for entry in entries] == ["begin", "step"]
    assert (entries[0]["verb"], entries[0]["subject"]) == ("deploy", "app:blog")
    assert all(entry["at"] > 1e9 for entry in entries)
    assert oct(os.stat(journal.path).st_mode & 0o777) == "0o600"


def test_a_line_that_a_crash_cut_off_is_left_out(journal: Journal) -> None:
    journal.write({"type": "step", "name": "write"})
    with open(journal.path, "ab") as file:
        file.write(b'{"type":"commi')
    assert [entry["type"] for entry in read_journal(journal.path)] == ["begin", "step"]


def test_a_closed_journal_is_moved_with_its_outcome_and_its_backups_go(journal: Journal, tmp_path: Path) -> None:
    kept = tmp_path / "state.toml"
    kept.write_text("old")
    backup = journal.keep(str(kept))
    assert Path(backup).read_text() == "old"
    journal.close("undone", "interrupted")
    assert os.listdir(journal.open_directory) == []
    assert not os.path.exists(journal.backups)
    last = read_journal(os.path.join(journal.closed_directory, f"{journal.id}.jsonl"))[-1]
    assert (last["type"], last["outcome"], last["reason"]) == ("end", "undone", "interrupted")


def test_a_backup_keeps_the_content_that_a_file_had(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    assert journal.keep(str(path)) == ""
    path.write_text("first")
    first = journal.keep(str(path))
    (tmp_path / "new").write_text("second")
    os.replace(tmp_path / "new", path)
    second = journal.keep(str(path))
    assert [Path(one).read_text() for one in (first, second)] == ["first", "second"]


def test_a_journal_appears_with_its_first_line(journal: Journal) -> None:
    """What another process sees empty would be of a dead one to it."""
    assert os.listdir(journal.open_directory) == [f"{journal.id}.jsonl"]
    assert os.listdir(os.path.dirname(journal._new)) == []
    assert [entry["type"] for entry in read_journal(journal.path)] == ["begin"]


def test_what_was_undone_is_noted_by_a_later_process(journal: Journal, tmp_path: Path) -> None:
    later = Journal(str(tmp_path), journal.id)
    later.note_undone([1, 0])
    assert read_journal(journal.path)[-1]["steps"] == [1, 0]


def test_a_journal_that_cannot_be_written_stops_the_operation(journal: Journal) -> None:
    os.close(journal._fd)
    with pytest.raises(HostError, match="cannot be written"):
        journal.write({"type": "step"})


def test_ids_are_in_the_order_of_their_time_and_never_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", iter([1.0, 1.0, 2.0, 4e9]).__next__)
    ids = [new_id() for _ in range(4)]
    assert ids[0] != ids[1] and max(ids[:2]) < ids[2] < ids[3]
    assert len({len(one) for one in ids}) == 1


def test_the_newest_closed_journals_stay(tmp_path: Path) -> None:
    for number in range(KEPT_JOURNALS + 3):
        (tmp_path / f"{number:05}.jsonl").touch()
    prune_closed(str(tmp_path))
    assert sorted(os.listdir(tmp_path))[0] == "00003.jsonl"
    assert len(os.listdir(tmp_path)) == KEPT_JOURNALS


def test_a_positional_argument_of_a_call_is_refused_with_the_functions_name() -> None:
    def set_port(host: object, port: int) -> None:
        """Stands for a step of a plugin."""

    with pytest.raises(TypeError, match=r"set_port, \.\.\.\): pass arguments by keyword"):
        call(set_port, 80)
    assert call(set_port, port=80).as_json()["arguments"] == {"port": 80}
