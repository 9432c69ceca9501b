"""How a process ended, in words."""

from __future__ import annotations

import pytest
from dokkupy.model.names import AppName, ProcessType
from dokkupy.model.release import Instance, InstanceStatus
from dokkupy_sdk.ending import format_exit_code, how_it_ended, memory_limit

WEB = Instance(
    app=AppName("blog"),
    process=ProcessType("web"),
    index=1,
    id="id",
    name="name",
    address="",
    port=5000,
    release=1,
    deployment="d",
)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit code 0"),
        (1, "exit code 1"),
        (126, "exit code 126 (the command is not executable)"),
        (127, "exit code 127 (the command was not found)"),
        (134, "exit code 134 (SIGABRT)"),
        (137, "exit code 137 (it was killed)"),
        (139, "exit code 139 (segmentation fault)"),
        (255, "exit code 255"),
    ],
)
def test_an_exit_code_with_a_meaning_says_it(code: int, words: str) -> None:
    assert format_exit_code(code) == words


def test_running_out_of_memory_names_the_limit() -> None:
    row = InstanceStatus(WEB, "exited", 137, oom_killed=True)
    assert how_it_ended(row, "64m") == "ran out of memory (its limit is 64m)"
    assert how_it_ended(row) == "ran out of memory"
    assert how_it_ended(InstanceStatus(WEB, "missing")) == "was removed"
    assert how_it_ended(InstanceStatus(WEB, "exited")) == "ended"


def test_the_last_limit_of_memory_counts() -> None:
    assert memory_limit(("--memory=1g", "--cpus", "2", "-m", "64m")) == "64m"
    assert memory_limit(("--memory-swap=1g",)) == ""
