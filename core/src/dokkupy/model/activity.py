"""What an instance's processes do at one moment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Activity:
    """A look at the processes of an instance. known: whether its scheduler can see them; if not, the rest says nothing.

    alive: whether the process that was started first is running. cpu: seconds of processor time that all of them, and
    those of their children that ended, used so far. working: one of them runs, waits for a processor or a disk, or for
    an answer to a connection or to a question for an address. listens: one of them listens on a TCP port.
    """

    known: bool = False
    alive: bool = True
    cpu: float = 0.0
    working: bool = False
    listens: bool = False
