"""Locks: one holder at a time, and no file of what nobody holds."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from dokkupy.errors import Busy
from dokkupy.kernel import locks
from dokkupy.kernel.locks import holder, lock_path, take

OWNER = {"command": "test", "pid": 1, "since": 0}


def test_a_released_lock_leaves_no_file(tmp_path: Path) -> None:
    with take(str(tmp_path), "app:blog", owner=OWNER, wait=0):
        assert os.listdir(tmp_path / "locks") == ["app_blog.lock"]
        assert holder(str(tmp_path), "app:blog")["command"] == "test"
    assert os.listdir(tmp_path / "locks") == []
    assert holder(str(tmp_path), "app:blog") == {}


def test_whoever_meets_an_app_s_lock_reads_who_has_it_since_when_and_what_cancels_a_build(tmp_path: Path) -> None:
    owner = {**OWNER, "who": "key:alice", "since": 3723}
    with take(str(tmp_path), "app:blog", owner=owner, wait=0), pytest.raises(Busy) as caught:
        take(str(tmp_path), "app:blog", owner=OWNER, wait=0)
    assert caught.value.message.startswith(
        "blog is being changed: `test` by alice (process 1, since 01:02:03 UTC, for "
    )
    assert "builds:cancel blog" in caught.value.hint
    with take(str(tmp_path), "proxy", owner=owner, wait=0), pytest.raises(Busy) as caught:
        take(str(tmp_path), "proxy", owner=OWNER, wait=0)
    assert caught.value.message.startswith("proxy is being changed: `test` by alice")


def test_a_key_does_not_learn_the_command_that_changes_something_other_than_an_app(tmp_path: Path) -> None:
    owner = {**OWNER, "command": "domains:add secret-shop shop.example.com", "who": "key:alice"}
    with take(str(tmp_path), "proxy", owner=owner, wait=0), pytest.raises(Busy) as caught:
        take(str(tmp_path), "proxy", owner={**OWNER, "who": "key:bob"}, wait=0)
    assert caught.value.message.startswith("proxy is being changed: another command (process 1")
    assert "secret-shop" not in caught.value.message and "alice" not in caught.value.message


def test_the_message_says_in_words_what_is_being_changed(tmp_path: Path) -> None:
    with take(str(tmp_path), "cron:index", owner=OWNER, wait=0), pytest.raises(Busy) as caught:
        take(str(tmp_path), "cron:index", owner=OWNER, wait=0, what="The schedule of tasks")
    assert caught.value.message.startswith("The schedule of tasks is being changed: `test`")


def test_a_lock_whose_holder_died_is_taken_over(tmp_path: Path) -> None:
    path = lock_path(str(tmp_path), "app:blog")
    os.makedirs(os.path.dirname(path))
    Path(path).write_text("a dead one")
    with take(str(tmp_path), "app:blog", owner=OWNER, wait=0):
        assert holder(str(tmp_path), "app:blog")["command"] == "test"


def test_a_process_that_opened_a_removed_lock_file_locks_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = take(str(tmp_path), "app:blog", owner=OWNER, wait=0)
    opened = locks.open_own

    def open_and_lose(path: str, flags: int, mode: int) -> int:
        fd = opened(path, flags, mode)
        first.release()  # between the waiter's open and its lock; later calls do nothing
        return fd

    monkeypatch.setattr(locks, "open_own", open_and_lose)
    with take(str(tmp_path), "app:blog", owner=OWNER, wait=0):
        assert holder(str(tmp_path), "app:blog")["command"] == "test"
        with pytest.raises(Busy, match="`test`"):
            take(str(tmp_path), "app:blog", owner=OWNER, wait=0)


def test_releasing_does_not_remove_a_lock_file_of_another_holder(tmp_path: Path) -> None:
    first = take(str(tmp_path), "app:blog", owner=OWNER, wait=0)
    os.unlink(lock_path(str(tmp_path), "app:blog"))
    with take(str(tmp_path), "app:blog", owner=OWNER, wait=0):
        first.release()
        with pytest.raises(Busy):
            take(str(tmp_path), "app:blog", owner=OWNER, wait=0)


def test_many_who_want_one_lock_hold_it_one_after_the_other(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _ in range(20):
            with take(str(tmp_path), "app:blog", owner=OWNER, wait=60):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (80, 1)
    assert os.listdir(tmp_path / "locks") == []
