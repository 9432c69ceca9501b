"""Work beside a deploy ends before the deploy does, and its failure is the deploy's."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from dokkupy_apps.rollout.alongside import alongside
from dokkupy_sdk.errors import AppError, HostError


def fail() -> None:
    raise HostError("the engine is gone")


def test_work_runs_beside_what_follows_and_has_ended_when_the_context_is_left() -> None:
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(60)
        done.set()

    with alongside() as later:
        later(work)
        assert not done.is_set()
        go.set()
    assert done.is_set()


def test_a_failure_of_the_work_is_raised_at_the_end() -> None:
    seen = []
    with pytest.raises(HostError, match="gone"), alongside() as later:
        later(fail)
        seen.append("what follows")
    assert seen == ["what follows"]


def test_the_failure_of_the_context_itself_comes_first_and_waits_for_the_work() -> None:
    done = threading.Event()
    with pytest.raises(AppError, match="unhealthy"), alongside() as later:
        later(fail)
        later(done.set)
        raise AppError("unhealthy")
    assert done.is_set()


def test_work_is_done_at_once_while_tests_count_failpoints(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOKKUPY_FAILPOINT_LOG", str(tmp_path / "log"))
    done = threading.Event()
    with alongside() as later:
        later(done.set)
        assert done.is_set()
