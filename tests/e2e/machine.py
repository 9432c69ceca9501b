"""Try a change on a real host: `.venv/bin/python tests/e2e/machine.py up`, then `sync` after each edit.

up       boots a machine on which this checkout is installed, and keeps it
sync     installs the checkout as it is now on the machine (about 10 s)
sh ...   runs a command on it as root, or without one a shell
ssh ...  runs a dokkupy command over SSH, with an admin's key
push DIRECTORY APP   pushes the branch main of a repository
down     removes the machine

The machine has the name of the checkout's folder; MACHINE=NAME sets another name. Docker must run (`./test.sh` starts
it).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bed import images
from bed.checkout import ROOT
from bed.host import SOURCE, Host

NAME = os.environ.get("MACHINE", ROOT.name)
KEYS = Path.home() / ".cache" / "dokkupy-machines"


def up() -> Host:
    base = images.python()
    machine = Host(images.ready("bookworm"), NAME, kept=True)
    machine.copy_checkout()
    machine.install("--yes")
    machine.engine_ready()
    machine.exec(["dokkupy", "domains:add-global", "apps.example.com"])
    machine.load_image(base, "python:3.13-slim", "python:3.11-slim")
    keyed(machine).add_key("me")
    return machine


def keyed(machine: Host) -> Host:
    """The machine, with a key that stays after this process."""
    machine._keys = KEYS / NAME
    if not machine._keys.exists():
        machine._keys.mkdir(parents=True)
        (KEYS / NAME).rmdir()
        machine._keys = None
        made = machine._key().parent
        made.rename(KEYS / NAME)
        machine._keys = KEYS / NAME
    return machine


def main(words: list[str]) -> int:
    if not words or words[0] not in ("up", "sync", "sh", "ssh", "push", "down"):
        print(__doc__)
        return 2
    verb, rest = words[0], words[1:]
    if verb == "up":
        machine = up()
        print(f"{machine.name} is ready at {machine.ip}: an app NAME is NAME.apps.example.com")
        print(f"A shell there:  docker exec -it {machine.name} bash")
        print("After an edit:  .venv/bin/python tests/e2e/machine.py sync")
        print("A command:      .venv/bin/python tests/e2e/machine.py ssh apps:list")
        print("An app:         .venv/bin/python tests/e2e/machine.py push DIRECTORY APP")
        print(f"A request:      curl -H 'Host: NAME.apps.example.com' http://{machine.ip}")
        print("At the end:     make host-down")
        return 0
    machine = keyed(Host.kept(NAME))
    if verb == "sync":
        machine.copy_checkout()
        print(machine.exec([f"{SOURCE}/install.sh", "--yes"]).output[-600:])
    elif verb == "sh":
        terminal = ["-t"] if sys.stdin.isatty() else []
        os.execvp("docker", ["docker", "exec", "-i", *terminal, machine.name, *(rest or ["bash"])])
    elif verb == "ssh":
        os.execvp("ssh", [*machine._ssh_command(), f"dokku@{machine.ip}", *rest])
    elif verb == "push":
        ran = machine.git_push(Path(rest[0]), rest[1], check=False)
        print(ran.output)
        return ran.code
    else:
        machine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
