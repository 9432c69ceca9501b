"""What of a build's output is worth a reader's time. Pure: lines in, lines out."""

from __future__ import annotations

import re
from collections import deque

TAIL = 20
FAILED = re.compile(r"#\d+ ERROR: (?:executor failed running|process) ")
STARTED = re.compile(r"#\d+ \[[^]]*\d+/\d+\] ")
WIDEST = 240
"""Characters of the line that announces a step: a script of a hundred lines is one such line."""

ENDED = re.compile(r"exit code: (\d+)$")


class Output:
    """The lines of one build. tail: the last ones that say something; code: the exit code of the step that failed.

    BuildKit ends a failed build by saying it three times: the step's whole command, its last lines again, the
    Dockerfile around it. Of all that the exit code is kept; what the step itself printed then stands at the end, where
    it is looked for. Other failures (a missing file, a mistake in the Dockerfile) are left as they are.
    """

    def __init__(self) -> None:
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.code: int | None = None
        self._step = ""
        self._held: deque[str] = deque(maxlen=TAIL)

    def line(self, text: str) -> str | None:
        """The line to show, None for nothing."""
        if self.code is not None:
            return None
        if not self._step and FAILED.match(text):
            self._step = text.partition(" ")[0]
        if self._step:  # a command of several lines is printed as it is, the exit code behind its last one
            ended = ENDED.search(text)
            if ended is None:
                self._held.append(text)
                return None
            self.code = int(ended[1])
            text = f"{self._step} ERROR: exit code {self.code}"
        elif len(text) > WIDEST and STARTED.match(text):
            text = f"{text[:WIDEST]} ..."
        self.tail.append(text)
        return text

    def rest(self) -> list[str]:
        """At the end: the lines that were held back for an exit code that did not come."""
        if self.code is not None:
            return []
        self.tail.extend(self._held)
        return list(self._held)
