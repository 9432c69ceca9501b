"""The seconds of a processor that tests take: on a machine whose processors are never idle, only fewer of them make a run shorter.

Counted are the process of the tests and its machines with all that runs in them, but not the outer engine and its clients.
"""

from __future__ import annotations

import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
#: Where the engine lays a container's group: with version 1 or 2 of cgroups, by itself or by systemd.
GROUPS = ("cpuacct/docker/{}", "cpuacct/system.slice/docker-{}.scope", "docker/{}", "system.slice/docker-{}.scope")

#: container -> what it had spent when it was stopped the last time.
_spent: dict[str, float] = {}


def watch(container: str) -> None:
    """Count this container, by its whole id."""
    _spent[container] = 0.0


def settle(container: str) -> None:
    """Keep what the container has spent, because its group ends when it stops."""
    if container in _spent:
        _spent[container] += _running(container)


def seconds() -> float:
    """What has been spent so far."""
    return sum(os.times()[:2]) + sum(spent + _running(container) for container, spent in _spent.items())


def _running(container: str) -> float:
    for group in GROUPS:
        directory = CGROUPS / group.format(container)
        try:
            return int((directory / "cpuacct.usage").read_text()) / 1e9
        except OSError:
            pass
        try:
            return int((directory / "cpu.stat").read_text().split()[1]) / 1e6
        except OSError:
            pass
    return 0.0
