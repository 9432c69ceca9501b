"""Which docker client builds, and whether it has BuildKit: detected once, and cached until the program changes.

BuildKit is selected in two ways: a client of version 23 or newer needs the plugin `buildx`; version 20.10 has it built
in and needs `DOCKER_BUILDKIT=1`. A newer client without the plugin may precede an older one on the path, so the first
client that has BuildKit is used.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from typing import TypeVar

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.execute import environment, execute
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host

Answer = TypeVar("Answer")

PLUGIN_DIRECTORIES = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)
"""Where the docker client looks for its plugins, after `~/.docker/cli-plugins` (docker/cli, manager_unix.go)."""

BUILT_IN = range(19, 23)
"""Major versions whose client has BuildKit without a plugin (18.09 as an experiment)."""


class NotInstalled(HostError):
    """There is no docker client."""

    def __init__(self) -> None:
        super().__init__("The program docker is not installed", hint="apt-get install docker.io")


@dataclass(frozen=True, slots=True)
class Client:
    """A docker client. buildx: whether it gets BuildKit from the plugin."""

    path: str
    buildkit: bool
    buildx: bool


def candidates(path: str) -> list[str]:
    """Every docker on a search path, each program once, in order. Pure, except that it reads the disk."""
    found: dict[str, str] = {}
    for directory in path.split(":"):
        program = os.path.join(directory, "docker")
        if os.access(program, os.X_OK) and os.path.isfile(program):
            found.setdefault(os.path.realpath(program), program)
    return list(found.values())


def has_buildx(home: str, directories: tuple[str, ...] = PLUGIN_DIRECTORIES) -> bool:
    places = (os.path.join(home, ".docker", "cli-plugins"), *directories)
    return any(os.access(os.path.join(place, "docker-buildx"), os.X_OK) for place in places)


def major_version(text: str) -> int:
    """The major version in `Docker version 20.10.24+dfsg1, build 297e128`; 0 when there is none."""
    found = re.search(r"version (\d+)\.", text)
    return int(found[1]) if found else 0


def find_client(host: Host) -> Client:
    """The client to build with. Raises NotInstalled."""
    env = environment()
    programs = candidates(env["PATH"])
    if not programs:
        raise NotInstalled()
    if has_buildx(env.get("HOME", "/")):
        return Client(programs[0], buildkit=True, buildx=True)
    versions = remembered(host, "docker-clients", programs, lambda: versions_of(programs))
    for program in programs:
        if versions[program] in BUILT_IN:
            return Client(program, buildkit=True, buildx=False)
    return Client(programs[0], buildkit=False, buildx=False)


def versions_of(programs: list[str]) -> dict[str, int]:
    """The major version of each program, which takes 25 ms each."""
    return {
        program: major_version(execute([program, "--version"], check=False, timeout=30).stdout) for program in programs
    }


def remembered(host: Host, name: str, files: list[str], ask: Callable[[], Answer]) -> Answer:
    """What `ask` returns, JSON data, kept under a name until one of these files changes. Not kept if one is missing, or
    without files."""
    path = host.path("cache", f"{name}.json")
    try:
        stamps = {file: stamp(file) for file in files}
    except OSError:
        stamps = {}
    if not stamps:
        return ask()
    try:
        with open(path, encoding="utf-8") as handle:
            known = json.load(handle)
        if known["stamps"] == stamps:
            kept: Answer = known["answer"]
            return kept
    except (OSError, ValueError, KeyError, TypeError):
        pass  # the cache is missing or invalid: ask again
    answer = ask()
    try:
        make_directory(os.path.dirname(path))
        write_atomic(path, json.dumps({"stamps": stamps, "answer": answer}).encode())
    except OSError:
        pass  # it is only a cache
    return answer


def stamp(program: str) -> str:
    found = os.stat(program)
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}"
