"""What the processes of a container do, read from /proc (proc(5)). The engine is only asked once, for the id of the
first process.

A process tree shows more than the processor time: an instance that waits for a processor, a disk, a connection or an
answer of the name server uses none and is not idle either.
"""

from __future__ import annotations

import os
import time

from dokkupy_sdk.model import Activity
from dokkupy_sdk.values import replace

from dokkupy_docker.engine_api import api

TICKS = os.sysconf("SC_CLK_TCK")
AT_WORK = "RD"
"""Running or waiting for a processor; waiting for a disk."""

FLAGS = 6
NOT_EXECUTED = 0x40
"""Among the flags of a process: it was forked and has executed nothing since (PF_FORKNOEXEC, include/linux/sched.h)."""

THREADS = 17
"""The index of the number of threads among the fields of a process."""

CONNECTING, LISTENING = "02", "0A"
"""States of a connection (include/net/tcp_states.h)."""

CONNECTIONS = 0.5
"""Seconds between two reads of the connections."""

NAME_SERVER = ":0035"
ENGINE_DNS = "0B00007F"
"""127.0.0.11: Docker's resolver listens in every container."""

Process = tuple[int, str]
"""A process id and its start time, because ids are reused."""


def first_process(container: str) -> Process | None:
    """The process that the engine started; None when it has ended."""
    found = api.get(f"/containers/{api.quoted(container)}/json")
    return process_of(found["State"]["Pid"] if found else 0)


def process_of(pid: int) -> Process | None:
    """The process that has this id now; None for 0, or when it has ended."""
    return (pid, fields[19]) if pid and (fields := stat_of(f"/proc/{pid}/stat")) else None


def stat_of(path: str) -> list[str]:
    """The fields of a process from its state on (number 3 in proc(5)); empty when it has ended."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def activity(first: Process | None) -> Activity:
    """The activity of all processes that descend from a container's first one. While that one is still the runtime's and
    has not executed the command, it is at work."""
    if first is None:
        return Activity(known=True, alive=False)
    pid, began = first
    fields = stat_of(f"/proc/{pid}/stat")
    if not fields or fields[19] != began or fields[0] in "ZX":
        return Activity(known=True, alive=False)
    ticks, working, left = 0, bool(int(fields[FLAGS]) & NOT_EXECUTED), [pid]
    while left:
        one = left.pop()
        fields = stat_of(f"/proc/{one}/stat")
        if not fields:
            continue
        ticks += sum(int(field) for field in fields[11:15])
        threads = [str(one)] if fields[THREADS] == "1" else listed(f"/proc/{one}/task")
        working = working or fields[0] in AT_WORK
        for thread in threads:
            if not working and len(threads) > 1:
                working = stat_of(f"/proc/{one}/task/{thread}/stat")[:1] in (["R"], ["D"])
            left += [int(child) for child in text(f"/proc/{one}/task/{thread}/children").split()]
    return Activity(True, True, ticks / TICKS, working)


class Sight:
    """The observed activity of one container. Its connections are read rarely, because some kernels take 4 ms for each
    table."""

    def __init__(self, first: Process | None) -> None:
        self.first = first
        self.connecting = self.listens = False
        self.next = time.monotonic() + CONNECTIONS

    def look(self) -> Activity:
        seen = activity(self.first)
        if self.first is None or not seen.alive:
            return seen
        now = time.monotonic()
        if not seen.working and now >= self.next:
            self.next = now + CONNECTIONS
            net = f"/proc/{self.first[0]}/net"
            tcp = text(f"{net}/tcp") + text(f"{net}/tcp6")
            self.connecting, self.listens = is_connecting(tcp, text(f"{net}/udp")), is_listening(tcp)
        return replace(seen, working=seen.working or self.connecting, listens=self.listens)


def rows(table: str) -> list[list[str]]:
    return [words for line in table.splitlines() if len(words := line.split(maxsplit=4)) > 3 and words[3] != "st"]


def is_connecting(tcp: str, udp: str) -> bool:
    """Whether a process waits for a connection to be accepted, or for a name server."""
    return any(row[3] == CONNECTING for row in rows(tcp)) or any(row[2].endswith(NAME_SERVER) for row in rows(udp))


def is_listening(tcp: str) -> bool:
    return any(row[3] == LISTENING and not row[1].startswith(ENGINE_DNS) for row in rows(tcp))


def listed(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def text(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
