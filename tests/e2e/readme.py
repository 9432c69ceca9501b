"""The README's two commands, one after the other, on one bare machine: `.venv/bin/python tests/e2e/readme.py [ARGUMENTS]`.

The machine has bash, apt and a clone of this checkout with changes that are not committed yet. The arguments are those
of the second command. This program exits with its status.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bed import checkout, cleanup, images
from bed.engine import LABEL, OWNER, docker, pipe, run
from bed.host import SOURCE, Host, me

COMMANDS = (["./install.sh", "--demo", "--yes"], ["./test.sh"])


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cleanup.leftovers()
    image = images.bare("bookworm")
    with network() as own:
        return follow(Host(image, "readme", network=own), arguments)


def follow(machine: Host, arguments: list[str]) -> int:
    try:
        # On a user-defined network, the engine's DNS listens on a loopback address, which inner engines do not pass on.
        names = ["run", "--rm", "--pull=never", "--entrypoint", "cat", machine.image, "/etc/resolv.conf"]
        machine.copy_in(docker(*names).stdout.encode(), "/etc/resolv.conf")
        # every machine has ::1, but the engine removes it in its containers
        machine.exec(["sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/lo/disable_ipv6"])
        lay_clone(machine)
        status = 0
        for command in COMMANDS:
            words = [*command, *(arguments if command == COMMANDS[-1] else [])]
            print(f"=====> {' '.join(words)}", flush=True)
            status = typed(machine, words)
            if status:
                return status
        return status
    finally:
        machine.close()


@contextmanager
def network() -> Iterator[str]:
    """A network outside of the range from which engines choose theirs. The machines of the tests are two engines below.
    If one of their bridges had the addresses of the outermost one, they would drop its gateway's messages about large
    packets.
    """
    name = f"dokkupy-bed-{os.getpid()}"
    labels = ("--label", f"{LABEL}=1", "--label", f"{OWNER}={me()}")
    for number in range(20):
        made = docker("network", "create", *labels, "--subnet", f"10.213.{number}.0/24", name, check=number == 19)
        if made.code == 0:
            break
    try:
        yield name
    finally:
        docker("network", "rm", name, check=False)


def lay_clone(machine: Host) -> None:
    """Copy the checkout like a `git clone`."""
    with tempfile.TemporaryDirectory(prefix="dokkupy-bed-") as directory:
        run(["tar", "-C", directory, "-x"], input=checkout.archive())
        clone = str(Path(directory) / "dokkupy")
        git = ["git", "-C", clone, "-c", "user.name=bed", "-c", "user.email=bed@localhost"]
        run([*git, "init", "-q", "-b", "main"])
        run([*git, "add", "-A"])
        run([*git, "commit", "-q", "-m", "The checkout under test"])
        machine.exec(["mkdir", "-p", SOURCE])
        pipe(
            ["tar", "-C", clone, "--owner=0", "--group=0", "-c", "."],
            ["docker", "exec", "-i", machine.name, "tar", "-C", SOURCE, "-x"],
        )


def typed(machine: Host, words: list[str]) -> int:
    """Run what an administrator types in the clone, and print its output as it arrives."""
    # The tests need not install the demo on a second bare machine.
    typing = ["docker", "exec", "-w", SOURCE, "-e", "DOKKUPY_DEMO_WAS_TYPED=1", machine.name]
    return subprocess.run([*typing, *words], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
