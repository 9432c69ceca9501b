"""What an instance's processes are doing."""

from __future__ import annotations

from dokkupy.model.values import dataclass


@dataclass(frozen=True, slots=True)
class Activity:
    """A snapshot of the processes of an instance. known: whether its scheduler can see them. If not, the other fields
    mean nothing.

    alive: whether the first process is running. cpu: seconds of processor time that the processes and their ended
    children have used. working: a process is running, or waiting for a processor, a disk, a connection or a DNS answer.
    listens: a process listens on a TCP port.
    """

    known: bool = False
    alive: bool = True
    cpu: float = 0.0
    working: bool = False
    listens: bool = False
