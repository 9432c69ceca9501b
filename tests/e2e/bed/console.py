"""Root's console of a running container, by its namespaces.

`docker exec` takes a tenth of a second of a processor for each command, more than most commands of the tests take; to enter takes
a twentieth of that. A command finds the same: the container's variables and control groups, and a session of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bed.engine import HANGS, CommandFailed, Ran, docker

CGROUPS = Path("/sys/fs/cgroup")
NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
#: Joins the groups before `--`, and runs what comes after it.
JOIN = 'while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift; exec "$@"'


class Console:
    """The way into one container, until it stops."""

    def __init__(self, container: str) -> None:
        form = "{{.Id}} {{.State.Pid}} {{.Config.Hostname}} {{json .Config.Env}}"
        self.id, pid, hostname, variables = docker("inspect", "-f", form, container).stdout.split(maxsplit=3)
        self._way = ["sh", "-c", JOIN, "join", *_groups(self.id, pid), "--", "nsenter", "--target", pid, *NAMESPACES, "--"]
        self._variables = [f"HOSTNAME={hostname}", *(json.loads(variables) or ()), "HOME=/root"]

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        input: str | bytes | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        timeout: float = HANGS,
    ) -> Ran:
        """Run a command. Its status is that of a shell: 128 and the signal, if one ended it."""
        variables = [*self._variables, *(f"{name}={value}" for name, value in (env or {}).items())]
        data = input.encode() if isinstance(input, str) else input or b""
        entered = [*self._way, "setsid", "env", "-i", "-C", cwd, *variables, *argv]
        # To files: a process that the command leaves behind may keep its output open.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            done = subprocess.run(entered, input=data, stdout=out, stderr=err, timeout=timeout, umask=0o022, check=False)
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode(errors="replace"))
        ran = Ran(tuple(argv), done.returncode if done.returncode >= 0 else 128 - done.returncode, *texts)
        if check and ran.code:
            raise CommandFailed(ran)
        return ran


def entered(container: str) -> Console | None:
    """The container's console, where this process may enter it: as root, on the engine's own machine."""
    if os.geteuid() != 0 or shutil.which("nsenter") is None:
        return None
    console = Console(container)
    ran = console.run(["true"], check=False)
    # Its groups may refuse a process, which the shell would say at each command.
    return console if (ran.code, ran.output) == (0, "") else None


def _groups(container: str, pid: str) -> list[str]:
    """The files by which a process joins the container's control groups."""
    unified = CGROUPS / "unified"
    found = []
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        root = CGROUPS / controllers.removeprefix("name=") if controllers else unified if unified.exists() else CGROUPS
        before, _, below = path.partition(container)
        if root != CGROUPS and below:
            # Its init is in a group below. With version 2 alone, nothing else may be in the group above.
            path = f"{before}{container}{below.partition('/')[0]}"
        found.append(root / path.lstrip("/") / "cgroup.procs")
    return [str(file) for file in found if file.exists()]
