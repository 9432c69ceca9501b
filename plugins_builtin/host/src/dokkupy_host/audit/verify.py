"""Whether the audit is complete: its numbers have no gap, and each line's seal matches the key of its number."""

from __future__ import annotations

import re

from dokkupy_sdk.audit import key_after, seal
from dokkupy_sdk.values import dataclass

from dokkupy_host.audit.trail import Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

REMOVED = re.compile(r"audit: the lines up to (\d+) were removed")


@dataclass(frozen=True, slots=True)
class Key:
    """The key of the line with this number."""

    number: int
    key: bytes


@dataclass(frozen=True, slots=True)
class Verdict:
    """lines: their number. sealed: the number of lines with a matching seal. problems: a sentence for each."""

    lines: int
    sealed: int
    problems: tuple[str, ...]


def verify(lines: Iterable[Line], first: Key | None, current: Key | None) -> Verdict:
    """first: the key that only root can read; without it only the numbers are checked. current: the writer's key."""
    check = _Check(first)
    for line in lines:
        check.add(line)
    check.end(current)
    return Verdict(check.count, check.sealed, tuple(check.problems))


class _Check:
    def __init__(self, first: Key | None) -> None:
        self.first, self.at = first, first
        self.problems: list[str] = []
        self.count = self.sealed = self.last = self.begin = self.removed = 0

    def add(self, line: Line) -> None:
        self.count += 1
        if not line.number:
            self.problems.append(f"{line.place} is not a line of the audit")
            return
        if not self.begin:
            self.begin = line.number
        elif line.number <= self.last:
            self.problems.append(f"{line.place} has the number {line.number} after {self.last}")
            return
        elif line.number > self.last + 1:
            self.problems.append(missing(self.last + 1, line.number - 1))
        self.last = line.number
        if self.first and line.number >= self.first.number:
            self.check_seal(line)

    def check_seal(self, line: Line) -> None:
        assert self.at
        self.at = Key(line.number, key_after(self.at.key, line.number - self.at.number))
        if line.seal != seal(self.at.key, line.body):
            self.problems.append(f"line {line.number} was changed ({line.place})")
            return
        self.sealed += 1
        if not line.who and (note := REMOVED.match(line.command)):
            self.removed = int(note[1])

    def end(self, current: Key | None) -> None:
        if self.begin > 1 and self.removed < self.begin - 1 and self.first:
            self.problems.insert(0, missing(1, self.begin - 1))
        if not self.first:
            return
        if not current:
            self.problems.append("the key for the next line is missing; new lines are not sealed")
        elif current.number < self.first.number or current.key != key_after(
            self.first.key, current.number - self.first.number
        ):
            self.problems.append(
                "the key for the next line does not belong to this audit; the seals of new lines do not match"
            )
        elif current.number > self.last + 1:
            self.problems.append(missing(self.last + 1, current.number - 1) + " at the end")


def missing(start: int, end: int) -> str:
    return f"line {start} is missing" if start == end else f"the lines {start} to {end} are missing"
