"""Captures what people see in a terminal, on a real host: `make host`, then `make terminals`.

Each command is typed in tmux at 80 and 120 columns, in colour and with NO_COLOR. `build/terminals` gets NAME-80.txt, which has the
colours as escape sequences (`cat` shows them), NAME-80.svg for a page, and NAME-80-no-color.txt.

The machine is the kept one of this checkout (see machine.py); the apps stay there until `make host-down`.
"""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from apps import Repository
from bed.checkout import ROOT
from bed.engine import run
from bed.host import Host
from machine import NAME, keyed

FOLDER = ROOT / "build" / "terminals"
WIDTHS = (80, 120)
HEIGHT = 200
TMUX = ["tmux", "-L", f"dokkupy-terminals-{os.getpid()}", "-f", "/dev/null"]
#: What is shown, and what root types for it.
SCENES = {
    "ps": "ps",
    "status": "status",
    "releases": "releases blog",
    "why": "why deaf",
    "crashed-app": "why crashing",
    "doctor": "doctor",
    "help": "help",
    "help-of-a-group": "ps:help",
    "help-of-a-command": "ps:scale --help",
    "dry-run": "config:set blog COLOR=blue --dry-run",
    "unknown-command": "ps:sclae blog web=2",
    "unknown-app": "ps:report blgo",
    "logs": "logs blog -n 5",
    "events": "events --num 8",
}
FAILING_BUILD = "ARG BASE=python:3.13-slim\nFROM ${BASE}\nCOPY . .\nRUN python3 -c 'import flask'\n"


class Stage:
    """The machine and a screen in front of it."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.ssh = ["ssh", *host._ssh_command()[1:]]

    def shown(self, argv: list[str], width: int, *, env: dict[str, str] | None = None) -> str:
        """What is on a screen of this width when the command has ended, with its escape sequences."""
        variables = [f"{name}={value}" for name, value in (env or {}).items()]
        line = f"{shlex.join(['env', *variables, *argv])}; {shlex.join([*TMUX, 'wait-for', '-S', 'ended'])}; exec cat"
        run([*TMUX, "new-session", "-d", "-s", "stage", "-x", str(width), "-y", str(HEIGHT), line])
        try:
            run([*TMUX, "wait-for", "ended"])
            return run([*TMUX, "capture-pane", "-e", "-p", "-t", "stage"]).stdout.rstrip() + "\n"
        finally:
            run([*TMUX, "kill-session", "-t", "stage"], check=False)

    def command(self, words: str, width: int, *, color: bool) -> str:
        refused = "" if color else "NO_COLOR=1 "
        return self.shown([*self.ssh, "-t", "-q", f"root@{self.host.ip}", f"{refused}dokkupy {words}"], width)

    def push(self, repository: Repository, app: str, width: int) -> str:
        repository.commit("the next one")
        argv = ["git", "-C", str(repository.path), "push", "-f", f"dokku@{self.host.ip}:{app}", "main"]
        return self.shown(argv, width, env={"GIT_SSH_COMMAND": shlex.join(self.ssh)})


def apps(folder: Path) -> dict[str, tuple[str, Repository]]:
    """The repositories to push, by the name of the scene that the push is, with the app."""
    made = {name: Repository(folder / name) for name in ("push", "failed-build", "failed-check", "crashing")}
    made["failed-build"].write("Dockerfile", FAILING_BUILD)
    made["failed-check"].write("app.json", "{}")
    made["failed-check"].replace("web.py", '"0.0.0.0"', '"127.0.0.1"')
    made["crashing"].write("app.json", "{}")
    made["crashing"].replace(
        "web.py",
        "    server.serve_forever",
        "    threading.Timer(3, lambda: os._exit(3)).start()\n    server.serve_forever",
    )
    return {
        name: ({"push": "blog", "failed-check": "deaf", "failed-build": "broken"}.get(name, name), one)
        for name, one in made.items()
    }


def keep(name: str, width: int, text: str, *, color: bool = True) -> None:
    (FOLDER / f"{name}-{width}{'' if color else '-no-color'}.txt").write_text(text)
    if color:
        import io

        from rich.console import Console
        from rich.text import Text

        console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
        console.print(Text.from_ansi(text), end="")
        console.save_svg(str(FOLDER / f"{name}-{width}.svg"), title=name)


def main() -> int:
    host = keyed(Host.kept(NAME))
    stage = Stage(host)
    # Without a session that stays, the server ends with each one, and may do so while the next is begun.
    run([*TMUX, "new-session", "-d", "-s", "kept", "cat"])
    host.exec(["install", "-d", "-m", "700", "/root/.ssh"])
    host.copy_in(host._key().with_suffix(".pub").read_bytes(), "/root/.ssh/authorized_keys")
    host.exec(["dokkupy", "ssh-keys:add", "terminals"], input=host._key().with_suffix(".pub").read_text(), check=False)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dokkupy-terminals-") as folder:
        for name, (app, repository) in apps(Path(folder)).items():
            host.exec(["dokkupy", "checks:set", app, "attempts", "1"], check=False)
            for width in WIDTHS:
                keep(name, width, stage.push(repository, app, width))
    host.exec(
        [
            "bash",
            "-c",
            "while docker ps -q --filter name=crashing.web | grep -q . && ! dokkupy why crashing | grep -q crashed; do dokkupy tick; sleep 1; done",
        ]
    )
    for name, words in SCENES.items():
        for width in WIDTHS:
            for color in (True, False):
                keep(name, width, stage.command(words, width, color=color), color=color)
    run([*TMUX, "kill-server"], check=False)
    print(f"{len(list(FOLDER.glob('*.txt')))} terminals are in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
