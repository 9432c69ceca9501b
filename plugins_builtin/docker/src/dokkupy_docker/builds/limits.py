"""What a build may use. BuildKit limits nothing itself, but runs its steps in the cgroup that it is told.

All builds share the group `dokkupy-builds`, which has the host's limit (`builds:set --global memory`); an app with
limits of its own has a group in it, which stays, empty, until the host starts again. Only root may make groups: it is
done by the host's shell in a container, and only when a group does not say yet what it should.
Files: https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/memory.html.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dokkupy_sdk import Host
from dokkupy_sdk.deploy import memory_cap
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.programs import run_program
from dokkupy_sdk.roles import ImageBuild

from dokkupy_docker.builds.options import PERIOD, ValidatedOptions
from dokkupy_docker.engine_api import api
from dokkupy_docker.options.values import nano, size

ROOT = "/sys/fs/cgroup"
ALL = "dokkupy-builds"
LEAST_ENGINE = 23
"""Docker's first major version that hands `--cgroup-parent` to BuildKit."""

SEEN = "/cgroups"
SECONDS = 60
PAGE = 4096
UNLIMITED = 1 << 62
"""Version 1 has no word for it, but a number close to 2^63."""


@dataclass(frozen=True, slots=True)
class Limits:
    """memory: bytes; swap: bytes beside it; cpus: how many. None: no limit."""

    memory: int | None = None
    swap: int | None = None
    cpus: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """words: for the argv of the build. memory: bytes that it may have, 0 when nothing holds it. remarks: for the
    user."""

    words: tuple[str, ...] = ()
    memory: int = 0
    remarks: tuple[str, ...] = ()


def limits_of(options: Mapping[str, str]) -> Limits:
    """Docker's options as numbers; swap as docker counts it: with the memory, by default as much again. Pure. Raises
    UserError."""
    memory = size(options["--memory"]) // PAGE * PAGE if "--memory" in options else None
    swap = memory
    if options.get("--memory-swap") == "-1":
        swap = None
    elif "--memory-swap" in options:
        swap = max(0, size(options["--memory-swap"]) - (memory or 0))
    cpus = nano(options["--cpus"]) / 1e9 if "--cpus" in options else None
    return Limits(memory, swap, cpus)


def files(group: str, limits: Limits, *, unified: bool) -> dict[str, str]:
    """Path under the root of the cgroups -> what it should say. Pure."""
    quota = None if limits.cpus is None else round(limits.cpus * PERIOD)
    if not unified:
        return {
            f"memory/{group}/memory.limit_in_bytes": "-1" if limits.memory is None else str(limits.memory),
            f"cpu/{group}/cpu.cfs_quota_us": "-1" if quota is None else str(quota),
        }
    return {
        f"{group}/memory.max": "max" if limits.memory is None else str(limits.memory),
        f"{group}/memory.swap.max": "max" if limits.swap is None else str(limits.swap),
        f"{group}/cpu.max": f"{'max' if quota is None else quota} {PERIOD}",
    }


def says(text: str, wanted: str) -> bool:
    """Whether a file that reads so means what is wanted."""
    text = text.strip()
    return text == wanted or (wanted == "-1" and text.isdigit() and int(text) >= UNLIMITED)


def script(wanted: Mapping[str, str], *, unified: bool) -> str:
    """The shell's part. Names and values are ours: no character of them means anything to it. Pure."""
    lines = []
    for path, value in wanted.items():
        group = os.path.dirname(path)
        if unified:  # a group's children have a controller only when it says so
            parts = group.split("/")
            above = ["/".join(parts[:count]) for count in range(len(parts))]
            lines += [
                f"echo +memory +cpu >{os.path.join(SEEN, one, 'cgroup.subtree_control')} || true" for one in above
            ]
        lines.append(f"mkdir -p {SEEN}/{group}")
        # No swap in this kernel, no such file.
        lines.append(f"if [ -e {SEEN}/{path} ]; then echo {value} >{SEEN}/{path}; fi")
    return "\n".join(lines)


def read(path: str) -> str:
    try:
        with open(os.path.join(ROOT, path), encoding="ascii") as file:
            return file.read()
    except OSError:
        return ""


def engine_version() -> tuple[str, int]:
    """The engine's version as it says it, and its first number."""
    version = str(api.get("/version")["Version"])
    first = version.partition(".")[0]
    return version, int(first) if first.isdigit() else 0


def group_of(
    host: Host, build: ImageBuild, validated: ValidatedOptions, *, buildkit: bool, read: Callable[[str], str] = read
) -> Group:
    """The cgroup of a build, made when it is missing. What cannot be limited is built all the same, with a remark when
    the app's own limits are meant."""
    cap, own = memory_cap(host), limits_of(validated.limits)
    if not buildkit:
        given = "--memory" in validated.words
        return Group(("--memory", str(cap)) if cap and not given else (), 0 if given else cap)
    if (not cap and not validated.limits) or "--cgroup-parent" in validated.words:
        return Group()
    version, major = engine_version()
    if major < LEAST_ENGINE:
        words = (
            f"The limits of this build do not hold: Docker {version} cannot limit builds, version {LEAST_ENGINE} can"
        )
        return Group(remarks=(words,) if validated.limits else ())
    unified = os.path.exists(os.path.join(ROOT, "cgroup.controllers"))
    name = ALL
    wanted = files(ALL, Limits(memory=cap // PAGE * PAGE or None), unified=unified)
    if validated.limits:
        name = f"{ALL}/{build.labels.get('dokkupy.app') or 'other'}"
        wanted |= files(name, own, unified=unified)
    if not all(
        says(read(path), value) or (path.endswith("swap.max") and not read(path)) for path, value in wanted.items()
    ):
        try:
            code, said = run_program(
                host,
                f"dokkupy-limits-{os.getpid()}",
                script(wanted, unified=unified),
                mounts={ROOT: SEEN},
                timeout=SECONDS,
                labels={"dokkupy.limits": "1"},
            )
        except (DokkupyError, TimeoutError) as error:
            code, said = 1, (str(error),)
        if code != 0:
            return Group(remarks=(f"This build is not limited: its cgroup could not be made ({' '.join(said)[:200]})",))
    return Group(("--cgroup-parent", f"/{name}"), min(one for one in (cap or UNLIMITED, own.memory or UNLIMITED)))
