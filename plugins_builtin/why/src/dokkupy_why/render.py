"""Diagnoses as lines and as data. Pure."""

from __future__ import annotations

import time

from dokkupy_sdk.diagnosis import GUESS
from dokkupy_sdk.help import filled
from dokkupy_sdk.lines import when

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Any

    from dokkupy_sdk.diagnosis import Cause, Evidence

    Diagnosis = tuple[Evidence, Sequence[Cause]]

STEPS = {
    "build": "the last deploy failed in its build",
    "release": "the last deploy failed in its release task",
    "start": "the last deploy failed when its instances started",
}
TAIL = 6
INDENT = len(" !     ")
SURE = {3: "fact", 2: "read", 1: "guess"}


def hint_lines(message: str, causes: Sequence[Cause], width: int = 0) -> list[str]:
    """For the end of a failed deploy, whose message and last lines stand above: the surest cause, and what fixes it. width:
    see `numbered`."""
    if not causes or causes[0].sure <= GUESS:
        return []
    cause = causes[0]
    title = [] if names(message, cause) else numbered("Cause: ", [f"{cause.title}."], width)
    return [*title, *numbered("Fix: ", cause.fix, width)]


def names(text: str, cause: Cause) -> bool:
    """Whether the text above has the cause already."""
    return cause.title.lower() in text.lower()


def numbered(label: str, sentences: Iterable[str], width: int = 0) -> list[str]:
    """The sentences below each other, the label before the first. width: of the lines; 0: a line for each sentence."""
    lines = [line for text in sentences for line in filled(text, width - len(label) if width else 0)]
    return [(label if not number else " " * len(label)) + text for number, text in enumerate(lines)]


def headline(evidence: Evidence, *, terminal: bool = False) -> str:
    at = f" ({when(evidence.at, time.time(), terminal)})" if evidence.at else ""
    if evidence.step == "run":
        return f"{evidence.app}: {evidence.reason}{at}"
    if evidence.step == "serve":
        return f"{evidence.app}: something may keep requests from it"
    if evidence.step == "stopped":
        return f"{evidence.app}: something is missing that its start needs"
    return f"{evidence.app}: {STEPS.get(evidence.step, 'the last deploy failed')}{at}"


def text_of(evidence: Evidence, causes: Sequence[Cause], width: int = 0, *, shown: Collection[str] = ()) -> list[str]:
    """width: of the terminal; 0 elsewhere. shown: titles of causes that stand above, with what fixes them."""
    lines, inner = [f"=====> {headline(evidence, terminal=width > 0)}"], width - INDENT if width else 0
    if evidence.step not in ("run", "serve", "stopped"):
        lines += [f"       {line}" for text in evidence.reason.splitlines() for line in filled(text, inner)]
    for cause in (one for one in causes if one.title not in shown):
        if not names(f"{lines[0]}\n{evidence.reason}", cause):
            lines += [f"       {line}" for line in numbered("Cause: ", [f"{cause.title}."], inner)]
        lines += [f"           {line}" for line in cause.lines]
        lines += [f"       {line}" for line in numbered("Fix:   ", cause.fix, inner)]
    if not causes:
        lines += unknown(evidence)
    elif all(one.title in shown for one in causes):
        lines.append("       Cause: the same.")
    return lines


def unknown(evidence: Evidence) -> list[str]:
    """What was seen, where nobody knows the cause."""
    tail = [line.rstrip() for line in evidence.lines if line.strip()][-TAIL:]
    seen = f"It printed nothing{'' if evidence.exit_code is None else ', and ended with exit code ' + str(evidence.exit_code)}."
    return ["       Cause: not known.", *([f"           {line}" for line in tail] or [f"       {seen}"])]


def next_commands(app: str, found: Sequence[Diagnosis]) -> list[str]:
    """Where to look further, for what was found."""
    steps = {evidence.step for evidence, _ in found}
    commands = [
        *([f"logs:failed {app}"] if steps & {"start", "release"} else []),
        *([f"builds:output {app}"] if steps & {"build", "release", "start"} else []),
        *([f"logs {app}", f"ps:report {app}"] if "run" in steps else []),
        f"releases {app}",
    ]
    return [f"       Next:  {', '.join(commands)}"]


def data_of(evidence: Evidence, causes: Sequence[Cause]) -> dict[str, Any]:
    return {
        "step": evidence.step,
        "process": evidence.process or None,
        "reason": evidence.reason,
        "at": evidence.at or None,
        "exit_code": evidence.exit_code,
        "out_of_memory": evidence.oom,
        "restarts": evidence.restarts,
        "lines": list(evidence.lines),
        "causes": [
            {"title": one.title, "fix": list(one.fix), "lines": list(one.lines), "sure": SURE[one.sure]}
            for one in causes
        ],
    }
