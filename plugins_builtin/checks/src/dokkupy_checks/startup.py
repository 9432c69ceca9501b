"""Whether an instance without its own check has finished starting.

A program that fails to start (a module that is not there, a wrong address of a database) fails while it *works*: it uses
the processor or waits for one, reads files, connects, asks for an address. Load makes that longer and not less visible,
because a process that waits for a processor is not idle. So an instance has finished starting when it did next to
nothing for
QUIET seconds. How long failed starts took, and how long they were quiet before they failed (two cores under a load of
6 to 9, four runs each; then with the lowest priority, which is the same load and worse):

| start that fails | seconds | quiet | lowest priority | quiet |
|---|---|---|---|---|
| Python 3.11, standard library, import of a module that is missing | 0.1 | 0 | 0.9 to 1.3 | 0 |
| Python 3.11, six large packages, the same | 0.2 to 0.3 | 0 | 0.7 to 1.6 | 0 |
| Node, `require` and `import` of a module that is missing | 0.1 to 0.4 | 0 | 0.2 to 0.9 | 0 |
| Ruby 3.1, standard library, `require` of a gem that is missing | 0.3 to 0.8 | 0 | 0.3 to 0.8 | 0 |
| Java 17, ClassNotFoundException after TLS, crypto and streams | 1.1 to 1.6 | 0.35 | 2.0 to 2.7 | 0.4 |
| `npm start` of such a program | 0.7 to 1.1 | 0 | 2.8 to 3.3 | 0.2 |

A fixed time would have to be longer than the slowest of these on the slowest host. QUIET is eight times the longest
silence, because programs also sleep while they start (to try again, to let others go first). `default-wait` limits it
for instances that never become idle, such as a worker that begins its jobs at once.
"""

from __future__ import annotations

from collections import deque

from dokkupy_sdk.model import Activity
from dokkupy_sdk.values import dataclass

QUIET = 3.0
"""Seconds without work after which an instance counts as started."""

QUIET_LISTENER = 1.0
"""The same for an instance that listens on a port, because most programs listen when they are ready."""

LITTLE_WORK = 1 / 3
LITTLE_TIME = 0.1
"""Share of the looks, and of a processor's time, that idle runtimes work for themselves: timers, garbage, polling (ten
times a second, under a load of 29 on two cores: a sixth of the looks)."""


@dataclass(frozen=True, slots=True)
class Look:
    """An instance at one moment. at: seconds of a monotonic clock."""

    at: float
    cpu: float
    working: bool


class Progress:
    """The observed activity of a starting instance; one thread writes it, others read it."""

    def __init__(self) -> None:
        self.looks: deque[Look] = deque(maxlen=200)
        self.known = False
        self.listens = False

    def add(self, at: float, seen: Activity) -> None:
        self.known, self.listens = seen.known, seen.listens
        if seen.known:
            self.looks.append(Look(at, seen.cpu, seen.working))

    def is_quiet(self, seconds: float = QUIET) -> bool:
        """Whether it did next to nothing for that long; False until it was watched for that long."""
        looks = list(self.looks)
        recent = [one for one in looks if one.at >= looks[-1].at - seconds] if looks else []
        if len(recent) < 3 or looks[-1].at - looks[0].at < seconds:
            return False
        return not worked(recent)

    def is_busy(self) -> bool:
        """Whether it is visibly at work: neither idle nor invisible."""
        return self.known and bool(self.looks) and not self.is_quiet()

    def is_up(self) -> bool:
        return self.is_quiet() or (self.listens and self.is_quiet(QUIET_LISTENER))


def worked(looks: list[Look]) -> bool:
    """Whether an instance did more than idle runtimes do."""
    span = looks[-1].at - looks[0].at
    share = sum(one.working for one in looks) / len(looks)
    return share > LITTLE_WORK or looks[-1].cpu - looks[0].cpu > LITTLE_TIME * span or looks[-1].working
