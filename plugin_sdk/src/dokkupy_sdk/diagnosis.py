"""Why an app failed: the evidence of a failure, and the causes that plugins read in it. The facts of the hook `diagnose`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dokkupy_sdk.values import dataclass, field

FACT, READ, GUESS = 3, 2, 1
"""How sure a cause is: the engine, the kernel or the state says so; the output says so; it is what such an end usually means."""

SHOWN = 4
"""Lines of output that stand with a cause."""

LONGEST = 300
"""Characters of a line of output."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one failure.

    step: build, release, start, run (a process that crashed or does not run), serve (nothing failed, and something may keep
    requests from the app) or stopped (the app was stopped or has lost its containers, and something may keep it from
    starting). reason, code: the error's message and its stable code. process: `web.1`. exit_code: None if nobody knows it.
    oom: the kernel killed it at its memory limit, which is `memory`, as it was set. restarts: how often the engine started
    it again. lines: what it printed last, oldest first. listens: where it listened (`127.0.0.1:8080`), None if nobody
    looked. port: where it has to listen. keys: the names of the app's variables. shared: those among them that are set for
    all apps alone. links: the host names of linked services (`dokku-postgres-db`). at: when it failed, UTC, RFC 3339.
    """

    app: str
    step: str
    reason: str = ""
    code: str = ""
    process: str = ""
    exit_code: int | None = None
    oom: bool = False
    memory: str = ""
    restarts: int = 0
    lines: tuple[str, ...] = ()
    listens: tuple[str, ...] | None = None
    port: int = 0
    keys: frozenset[str] = field(default_factory=frozenset)
    shared: frozenset[str] = field(default_factory=frozenset)
    links: tuple[str, ...] = ()
    at: str = ""

    @property
    def text(self) -> tuple[str, ...]:
        """All lines that may say why: the output, and the error's message behind it."""
        return (*self.lines, *self.reason.splitlines())


@dataclass(frozen=True, slots=True)
class Cause:
    """Why it failed. title: a sentence without its full stop. fix: sentences with what to do, the commands among them.
    lines: of the output, those that say so. sure: FACT, READ or GUESS; the surest cause is shown first."""

    title: str
    fix: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    sure: int = READ


class Rule:
    """A cause that a line of output names. title and fix are formatted with the pattern's named groups and `app`. steps: those
    in which the rule holds; empty for all."""

    __slots__ = ("fix", "pattern", "steps", "sure", "title")

    def __init__(
        self, pattern: str, title: str, *fix: str, sure: int = READ, steps: tuple[str, ...] = (), flags: int = 0
    ) -> None:
        self.pattern = re.compile(pattern, flags)
        self.title = title
        self.fix = fix
        self.sure = sure
        self.steps = steps

    def read(self, evidence: Evidence) -> Cause | None:
        """The cause, if a line of the evidence names it: the last such line, because what ends a program is printed last."""
        if self.steps and evidence.step not in self.steps:
            return None
        found = last_match(self.pattern, evidence.text)
        if found is None:
            return None
        index, match = found
        facts = {"app": evidence.app, **{name: value or "" for name, value in match.groupdict().items()}}
        return Cause(
            self.title.format_map(facts),
            tuple(text.format_map(facts) for text in self.fix),
            shown(evidence.text, index),
            self.sure,
        )


def read_rules(rules: Iterable[Rule], evidence: Evidence) -> Iterator[Cause]:
    """The causes that the output names."""
    for rule in rules:
        if (cause := rule.read(evidence)) is not None:
            yield cause


def last_match(pattern: re.Pattern[str], lines: tuple[str, ...]) -> tuple[int, re.Match[str]] | None:
    for index in range(len(lines) - 1, -1, -1):
        if match := pattern.search(lines[index]):
            return index, match
    return None


def shown(lines: tuple[str, ...], index: int) -> tuple[str, ...]:
    """The line that names the cause; with it, where it is the error's own last word, the place in the source before it."""
    first = index
    while first and index - first < SHOWN - 1 and lines[first - 1].lstrip().startswith(("File ", "-->", "^", "at ")):
        first -= 1
    return tuple(line[:LONGEST].rstrip() for line in lines[first : index + 1])
