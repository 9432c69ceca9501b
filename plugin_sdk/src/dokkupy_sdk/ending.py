"""Sentences about how a process ended."""

from __future__ import annotations

from dokkupy.model.crash import signal_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy.model.release import InstanceStatus

MEANINGS = {
    126: "the command is not executable",
    127: "the command was not found",
    137: "it was killed",
    139: "segmentation fault",
    143: "it was stopped",
}


def how_it_ended(row: InstanceStatus, memory: str = "") -> str:
    """A phrase that completes "web.1 ...". memory: its memory limit, if it has one."""
    if row.state == "missing":
        return "was removed"
    if row.oom_killed:
        return "ran out of memory" + (f" (its limit is {memory})" if memory else "")
    if row.exit_code is None:
        return "ended"
    return f"ended with {format_exit_code(row.exit_code)}"


def format_exit_code(code: int) -> str:
    """`exit code 127 (the command was not found)`"""
    return f"exit code {code}{meaning_of(code)}"


def meaning_of(code: int) -> str:
    """The conventional meaning of an exit code, in brackets; empty if it has none."""
    meaning = MEANINGS.get(code, "") or signal_of(code)
    return f" ({meaning})" if meaning else ""


def memory_limit(options: Sequence[str]) -> str:
    """The last memory limit in docker options, as written there; empty for none."""
    found = ""
    for index, word in enumerate(options):
        name, equals, value = word.partition("=")
        if name in ("--memory", "-m"):
            found = value if equals else "".join(options[index + 1 : index + 2])
    return found
