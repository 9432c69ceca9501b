"""The CPU and memory that the instances of apps use now, read from the files of their control groups without a request
to the engine (https://docs.kernel.org/admin-guide/cgroup-v2.html; version 1 has the same figures in other files)."""

from __future__ import annotations

import os
import time

from dokkupy_sdk.figures import Figure
from dokkupy_sdk.state import ServingFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName

ROOT = "/sys/fs/cgroup"
SECONDS = 0.15
"""Seconds between the two reads from which the CPU share is computed."""

HEADS = (("cpu_percent", "CPU %"), ("memory_bytes", "MEMORY"))

CPU = ("{root}/system.slice/docker-{id}.scope/cpu.stat", "{root}/docker/{id}/cpu.stat")
CPU_1 = ("{root}/cpuacct/docker/{id}/cpuacct.usage", "{root}/cpuacct/system.slice/docker-{id}.scope/cpuacct.usage")
MEMORY = ("{root}/system.slice/docker-{id}.scope/memory", "{root}/docker/{id}/memory")
MEMORY_1 = ("{root}/memory/docker/{id}/memory", "{root}/memory/system.slice/docker-{id}.scope/memory")


def figures(host: Host, apps: Sequence[AppName], root: str = ROOT) -> Iterable[Figure]:
    ids = {app: [row.id for row in found.instances] for app in apps if (found := host.store.find(ServingFile, app))}
    began, before = time.monotonic(), {id: cpu_seconds(root, id) for rows in ids.values() for id in rows}
    time.sleep(SECONDS)
    after, took = {id: cpu_seconds(root, id) for id in before}, time.monotonic() - began
    for app, rows in ids.items():
        used = [late - early for id in rows if (late := after[id]) is not None and (early := before[id]) is not None]
        if used:
            yield Figure(app, "cpu_percent", round(100 * max(0.0, sum(used)) / took, 1))
        memory = [size for id in rows if (size := memory_bytes(root, id)) is not None]
        if memory:
            yield Figure(app, "memory_bytes", sum(memory))


def cpu_seconds(root: str, id: str) -> float | None:
    """The processor time of a container since it started; None if it is not known."""
    for pattern in CPU:
        for line in lines(pattern, root, id):
            if line.startswith("usage_usec "):
                return int(line.split()[1]) / 1e6
    for pattern in CPU_1:
        for line in lines(pattern, root, id):
            return int(line) / 1e9
    return None


def memory_bytes(root: str, id: str) -> int | None:
    """The memory of a container without the files that the kernel would drop first, as `docker stats` shows it."""
    for patterns, current, inactive in (
        (MEMORY, ".current", "inactive_file "),
        (MEMORY_1, ".usage_in_bytes", "total_inactive_file "),
    ):
        for pattern in patterns:
            for size in lines(pattern + current, root, id):
                rows = lines(pattern + ".stat", root, id)
                droppable = next((int(row.split()[1]) for row in rows if row.startswith(inactive)), 0)
                return max(0, int(size) - droppable)
    return None


def lines(pattern: str, root: str, id: str) -> list[str]:
    path = pattern.format(root=root, id=os.path.basename(id))
    try:
        with open(path, encoding="ascii") as file:
            return file.read().splitlines()
    except OSError:
        return []
