"""The README's two commands, one after the other, on one bare machine: `.venv/bin/python tests/e2e/readme.py [ARGUMENTS]`.

The machine has bash, apt and a clone of this checkout with what is not yet committed. The arguments are those of the second command; its exit status is this program's.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bed import checkout, cleanup, images
from bed.engine import pipe, run
from bed.host import SOURCE, Host

COMMANDS = (["./install.sh", "--demo", "--yes"], ["./test.sh"])


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cleanup.leftovers()
    machine = Host(images.bare("bookworm"), "readme")
    try:
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


def lay_clone(machine: Host) -> None:
    """The checkout as `git clone` leaves it."""
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
    """What an administrator types in the clone, its output as it comes."""
    return subprocess.run(["docker", "exec", "-w", SOURCE, machine.name, *words], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
