"""Format the output of a build for people: a line for each step with its time, and below it what the step printed.
Pure.

The format is that of `docker build --progress=plain`: each line begins with the number of a step of BuildKit (`#7`),
which has a title (`#7 [app 2/3] RUN make`), prints (`#7 0.51 cc main.c`) and ends (`#7 DONE 3.1s`, `#7 CACHED`,
`#7 ERROR: ...`). Lines without a number, such as the classic builder's, are shown as they are.
"""

from __future__ import annotations

import re
from collections import deque

from dokkupy_sdk.lines import duration, timed
from dokkupy_sdk.values import dataclass

TAIL = 20
WIDEST = 46
"""The longest title of a step. A script of a hundred lines is one title."""

LINE = re.compile(r"#(\d+) (.*)")
STEP = re.compile(r"\[(?:(\S+) )?(\d+/\d+)\] (.*)")
NAMED = re.compile(r'RUN (?:--\S+ )*\["/bin/sh", "-\w*c", .*", "([^"\\]+)"\]$')
"""The shell's own name, behind its command, is the title of a step whose Dockerfile the platform made."""

COPIED = re.compile(r"COPY (?P<flags>(?:--\S+ )*)\[(?P<paths>[^\[\]]+)\]$")
"""A line with a list of paths, as in the Dockerfiles that the platform makes."""

PRINTED = re.compile(r"\d+\.\d+ (.*)")
DONE = re.compile(r"DONE (\d+\.\d+)s")
FAILED = re.compile(r"ERROR: (?:executor failed running|process) ")
ENDED = re.compile(r"exit code: (\d+)$")
UNNAMED_STAGE = re.compile(r"stage-\d+")
NOISE = re.compile(r"@sha256:[0-9a-f]{64}|(?<=FROM )docker\.io/(?:library/)?")
REPEATED = re.compile(r"-{4,}$| > \[.*:$")
EXCERPT = re.compile(r"\S*:\d+$")
RULE = "--------------------"


@dataclass
class Step:
    title: str
    is_named: bool
    """Set for Dockerfiles that dokkupy generates, whose lines are not shown."""


class Output:
    """The lines of one build. tail: the last ones that were shown; code: the exit code of the step that failed.

    BuildKit reports a failed build three times: the step's whole command, its last lines again, the Dockerfile around it.
    Only the exit code and the Dockerfile's lines are kept, so that the step's own output is at the end, where readers look
    for it. Other failures (a missing file, a mistake in the Dockerfile) are shown as they are.
    """

    def __init__(self) -> None:
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.code: int | None = None
        self._steps: dict[str, Step] = {}
        self._current = ""
        self._failed = ""
        self._is_excerpt = False
        self._held: deque[str] = deque(maxlen=TAIL)

    def line(self, text: str) -> list[str]:
        """The lines to show for one of the client's."""
        shown = self._after_failure(text) if self._failed else self._lines(text)
        self.tail.extend(shown)
        return shown

    def rest(self) -> list[str]:
        """The lines at the end that were held back until the exit code was known."""
        if self.code is not None:
            return []
        self.tail.extend(self._held)
        return list(self._held)

    def _lines(self, text: str) -> list[str]:
        found = LINE.match(text)
        if found is None:
            return [] if not text or REPEATED.match(text) else [text]
        number, said = found.groups()
        if step := STEP.match(said):
            self._steps[number] = step_of(*step.groups())
            return []
        known = self._steps.get(number)
        if FAILED.match(said):
            self._failed = number
            return self._after_failure(text)
        if said.startswith("ERROR: "):
            return [*self._announce(number), said] if known else [said]
        if known is None:
            return []
        if printed := PRINTED.match(said):
            return [*self._announce(number), f"    {printed[1]}"]
        if said == "CACHED":
            return [ended(known, "cached")]
        if done := DONE.match(said):
            return self._done(number, known, done[1])
        return []

    def _announce(self, number: str) -> list[str]:
        """The title of the step that prints, unless the previous line belongs to it too."""
        if self._current == number:
            return []
        self._current = number
        return [self._steps[number].title]

    def _done(self, number: str, step: Step, seconds: str) -> list[str]:
        printed, self._current = self._current == number, "" if self._current == number else self._current
        took = duration(float(seconds))
        return [timed("    done", took)] if printed else [ended(step, took)]

    def _after_failure(self, text: str) -> list[str]:
        if self.code is not None:
            return self._excerpt(text)
        # A command of several lines is printed as it is, the exit code behind its last one.
        found = ENDED.search(text)
        if found is None:
            self._held.append(text)
            return []
        self.code = int(found[1])
        known = self._steps.get(self._failed)
        return [*(self._announce(self._failed) if known else ()), f"    exit code {self.code}"]

    def _excerpt(self, text: str) -> list[str]:
        """The Dockerfile's lines around the step that failed."""
        known = self._steps.get(self._failed)
        if known is not None and known.is_named:
            return []
        if EXCERPT.match(text):
            self._is_excerpt = True
            return [text]
        if self._is_excerpt and not text.startswith((RULE, " ")):
            self._is_excerpt = False
        return [text] if self._is_excerpt and text != RULE else []


def step_of(stage: str | None, count: str, command: str) -> Step:
    named = NAMED.match(command)
    words = named[1] if named else copied(" ".join(NOISE.sub("", command).split()))
    if len(words) > WIDEST:
        words = f"{words[:WIDEST]} ..."
    where = "" if stage is None or UNNAMED_STAGE.fullmatch(stage) else f"{stage} "
    return Step(f"{where}{count} {words}", named is not None)


def copied(command: str) -> str:
    """`COPY /app/.venv from deps` for `COPY --chown=1:1 --from=deps [/app/.venv, /app/.venv]`; other commands as they are."""
    found = COPIED.match(command)
    if found is None:
        return command
    *sources, target = found["paths"].split(", ")
    stage = re.search(r"--from=(\S+)", found["flags"])
    return f"COPY {' '.join(sources)} {f'from {stage[1]}' if stage else target}"


def ended(step: Step, how: str) -> str:
    return timed(step.title, how)
