"""Limits of builds. Neither builder limits processes, and BuildKit limits nothing. Both run their steps in a cgroup.

All builds share the group `dokkupy-builds`, which has the host's limit (`builds:set --global memory`), so that neither a
fork bomb nor a memory hog takes the host down; each app has its own group in it, which stays, empty, until the host
reboots. Docker before 23 does not pass a group on to BuildKit: there the group in which the engine itself runs every build
has the host's limits. Only root may create groups, so the host's shell does it in a container, and only if a group lacks
the right values. Files: https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/memory.html, pids.html.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from dokkupy_apps.builds.build_slot import memory_cap
from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.roles import ImageBuild
from dokkupy_sdk.values import dataclass

from dokkupy_docker.builds.client import remembered
from dokkupy_docker.builds.options import PERIOD, PIDS, ValidatedOptions
from dokkupy_docker.engine_api import api
from dokkupy_docker.options.values import nano, size, whole

ROOT = "/sys/fs/cgroup"
ALL = "dokkupy-builds"
ENGINE_S = "docker/buildkit"
"""The group in which an engine that manages cgroups itself runs BuildKit's steps (moby, `DefaultCgroupParent`)."""

LEAST_ENGINE = 23
"""Docker's first major version that hands `--cgroup-parent` to BuildKit."""

PROCESSES = 4096
"""Processes in one app's builds, unless it has its own limit: as many as in a container of the app."""

ALL_PROCESSES = 16384
"""Processes in all builds together. A thread counts as a process."""

PID_FILE = "/run/docker.pid"
"""Written by an engine of this host when it starts. It reads the setting of the cgroups only then."""

SEEN = "/cgroups"
SECONDS = 60
PAGE = 4096
UNLIMITED = 1 << 62
"""In version 1, "no limit" is a number close to 2^63."""


@dataclass(frozen=True, slots=True)
class Limits:
    """memory: bytes; swap: additional bytes; cpus, pids: their number. None: no limit."""

    memory: int | None = None
    swap: int | None = None
    cpus: float | None = None
    pids: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """words: for the argv of the build. memory: bytes that it may use, 0 without a limit. remarks: for the
    user."""

    words: tuple[str, ...] = ()
    memory: int = 0
    remarks: tuple[str, ...] = ()


def limits_of(options: Mapping[str, str]) -> Limits:
    """Docker's options as numbers. Docker's swap value includes the memory; by default it is twice the memory. Pure.
    Raises
    UserError."""
    memory = size(options["--memory"]) // PAGE * PAGE if "--memory" in options else None
    swap = memory
    if options.get("--memory-swap") == "-1":
        swap = None
    elif "--memory-swap" in options:
        swap = max(0, size(options["--memory-swap"]) - (memory or 0))
    cpus = nano(options["--cpus"]) / 1e9 if "--cpus" in options else None
    pids = whole(options[PIDS]) if PIDS in options else PROCESSES
    return Limits(memory, swap, cpus, pids if pids > 0 else None)


def files(group: str, limits: Limits, *, unified: bool) -> dict[str, str]:
    """Path under the root of the cgroups -> the value that it should have. Pure."""
    quota = None if limits.cpus is None else round(limits.cpus * PERIOD)
    pids = "max" if limits.pids is None else str(limits.pids)
    if not unified:
        return {
            f"memory/{group}/memory.limit_in_bytes": "-1" if limits.memory is None else str(limits.memory),
            f"cpu/{group}/cpu.cfs_quota_us": "-1" if quota is None else str(quota),
            f"pids/{group}/pids.max": pids,
        }
    return {
        f"{group}/memory.max": "max" if limits.memory is None else str(limits.memory),
        f"{group}/memory.swap.max": "max" if limits.swap is None else str(limits.swap),
        f"{group}/cpu.max": f"{'max' if quota is None else quota} {PERIOD}",
        f"{group}/pids.max": pids,
    }


def says(text: str, wanted: str) -> bool:
    """Whether a file's text means the wanted value."""
    text = text.strip()
    return text == wanted or (wanted == "-1" and text.isdigit() and int(text) >= UNLIMITED)


def script(wanted: Mapping[str, str], *, unified: bool) -> str:
    """The shell script. Names and values are dokkupy's own and contain no special characters. Pure."""
    lines = []
    for path, value in wanted.items():
        group = os.path.dirname(path)
        if unified:  # a group's children have a controller only if the group enables it
            parts = group.split("/")
            above = ["/".join(parts[:count]) for count in range(len(parts))]
            lines += [
                f"echo +memory +cpu +pids >{os.path.join(SEEN, one, 'cgroup.subtree_control')} || true" for one in above
            ]
        lines.append(f"mkdir -p {SEEN}/{group}")
        # A kernel without swap accounting has no such file.
        lines.append(f"if [ -e {SEEN}/{path} ]; then echo {value} >{SEEN}/{path}; fi")
    return "\n".join(lines)


def read(path: str) -> str:
    try:
        with open(os.path.join(ROOT, path), encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


def engine_version() -> tuple[str, int]:
    """The engine's version as text, and its major number."""
    version = api.engine_version()
    first = version.partition(".")[0]
    return version, int(first) if first.isdigit() else 0


def makes_groups(host: Host) -> bool:
    """Whether the engine manages cgroups itself, instead of systemd, which uses other names. Requested again when the engine
    was restarted, because older engines run three programs for the answer."""
    local = [PID_FILE] if api.socket_path() == api.SOCKET else []
    return remembered(host, "docker-cgroups", local, lambda: str(api.get("/info")["CgroupDriver"])) == "cgroupfs"


def shared_by_builds(host: Host, *, buildkit: bool) -> str | None:
    """The group in which this engine runs all builds. None if there is none."""
    if buildkit and engine_version()[1] >= LEAST_ENGINE:
        return ALL
    if not makes_groups(host):
        return None
    return ENGINE_S if buildkit else ALL


def group_of(
    host: Host, build: ImageBuild, validated: ValidatedOptions, *, buildkit: bool, read: Callable[[str], str] = read
) -> Group:
    """The cgroup of a build, created if it is missing. A build that cannot be limited runs anyway, with a remark if the
    app has its own limits."""
    cap, own = memory_cap(host), limits_of(validated.limits)
    words: tuple[str, ...] = ()
    if not buildkit:
        given = "--memory" in validated.words
        words, cap = (("--memory", str(cap)) if cap and not given else ()), 0 if given else cap
    if "--cgroup-parent" in validated.words:
        return Group(words, cap if words else 0)
    shared = shared_by_builds(host, buildkit=buildkit)
    alone = () if shared == ALL or not validated.limits else (too_old(),)
    if shared is None:
        return Group(words, cap if words else 0, alone)
    unified = os.path.exists(os.path.join(ROOT, "cgroup.controllers"))
    wanted = files(shared, Limits(memory=memory_cap(host) // PAGE * PAGE or None, pids=ALL_PROCESSES), unified=unified)
    if shared == ALL:
        name = f"{ALL}/{build.labels.get('dokkupy.app') or 'other'}"
        wanted |= files(name, own, unified=unified)
        words = ("--cgroup-parent", f"/{name}", *words)
    failed = put_in_force(host, wanted, read, unified=unified)
    if failed:
        return Group(words[2:] if shared == ALL else words, remarks=(failed, *alone))
    limits = [one for one in (cap, own.memory if shared == ALL else None) if one]
    return Group(words, min(limits, default=0), alone)


def too_old() -> str:
    return (
        f"The limits of this build are not enforced: Docker {engine_version()[0]} cannot limit "
        f"the builds of one app; this requires version {LEAST_ENGINE}"
    )


def put_in_force(host: Host, wanted: Mapping[str, str], read: Callable[[str], str], *, unified: bool) -> str:
    """Create the groups, unless they have the right values already. Returns why they could not be created."""
    if all(says(read(path), value) or (path.endswith("swap.max") and not read(path)) for path, value in wanted.items()):
        return ""
    from dokkupy_sdk import programs  # imports tarfile, which a build mostly does without

    try:
        code, said = programs.run_program(
            host,
            f"dokkupy-limits-{os.getpid()}",
            script(wanted, unified=unified),
            mounts={ROOT: SEEN},
            timeout=SECONDS,
            labels={"dokkupy.limits": "1"},
        )
    except (DokkupyError, TimeoutError) as error:
        code, said = 1, (str(error),)
    return f"This build is not limited: its cgroup could not be made ({' '.join(said)[:200]})" if code else ""
