"""A developer's own machine: a container with git, SSH and curl, and nothing of dokkupy."""

from __future__ import annotations

import os

from bed import images
from bed.console import entered
from bed.engine import LABEL, OWNER, Ran, docker
from bed.host import Host, me

HOME = "/root"
#: A key, and a name for git. The first connection to the server is answered with yes.
PREPARE = """
mkdir -p -m 700 ~/.ssh
ssh-keygen -q -t ed25519 -N '' -C newcomer -f ~/.ssh/id_ed25519
echo 'StrictHostKeyChecking accept-new' >~/.ssh/config
git config --global user.name Newcomer
git config --global user.email newcomer@example.com
git config --global init.defaultBranch main
"""


class Laptop:
    """A machine that knows the server by its name."""

    def __init__(self, server: Host, name: str = "your-server") -> None:
        self.name = f"dokkupy-bed-{os.getpid()}-laptop"
        labels = ("--label", f"{LABEL}=1", "--label", f"{OWNER}={me()}")
        docker(
            "run", "-d", "--pull=never", "--init", "--name", self.name, "--hostname", "laptop", *labels,
            "--add-host", f"{name}:{server.ip}", "-e", f"HOME={HOME}", images.laptop(), "sleep", "infinity",
        )  # fmt: skip
        self._console = entered(self.name)
        self.exec(["bash", "-ec", PREPARE])

    def exec(self, argv: list[str], *, cwd: str = HOME, check: bool = True) -> Ran:
        """Run a command as the machine's owner, without a terminal."""
        if self._console is None:
            return docker("exec", "-w", cwd, self.name, *argv, check=check)
        return self._console.run(argv, cwd=cwd, check=check)

    def public_key(self) -> str:
        return self.exec(["cat", f"{HOME}/.ssh/id_ed25519.pub"]).stdout

    def close(self) -> None:
        docker("rm", "-f", "-v", self.name, check=False)
