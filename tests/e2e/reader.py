"""Types what a page of the documentation says, on a newcomer's laptop and at the server, and reads what it shows."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from bed.checkout import ROOT
from bed.engine import Ran
from bed.host import Host
from bed.laptop import Laptop
from pages import Page

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "docs"))

from markdown import Command, blocks, commands

INTERRUPTED = 2
"""Seconds after which a command that goes on until Ctrl-C is interrupted."""
#: What a job of continuous integration has in its variables.
JOB = 'export DOKKU_KEY="$(cat ci)" DOKKU_KNOWN_HOSTS="$(cat known_hosts)"\n'


def follows(line: str) -> bool:
    """Whether a command prints a log until Ctrl-C. `-t` of ssh-keyscan is something else, and it must end by itself."""
    words = shlex.split(line, comments=True)
    return bool({"-t", "--tail"} & {*words}) and any(word.endswith("logs") for word in words)


class Reader:
    """Types lines into a shell of the laptop or of the server's root, one after the other."""

    def __init__(self, host: Host, laptop: Laptop | None = None) -> None:
        self.host = host
        self.laptop = laptop
        self.places = {"laptop": "/root", "server": "/root"}

    def shell(self, machine: str, argv: list[str], *, check: bool = False) -> Ran:
        if machine == "laptop":
            assert self.laptop is not None, "a page for the server alone"
            return self.laptop.exec(argv, cwd=self.places[machine], check=check)
        return self.host.exec(argv, cwd=self.places[machine], env={"HOME": "/root"}, check=check)

    def script(self, machine: str, text: str) -> None:
        """What the page does not say, because its reader has it."""
        self.shell(machine, ["bash", "-ec", text], check=True)

    def follow(self, page: Page) -> int:
        """Type what a page says and compare what it shows; returns the number of lines."""
        self.places = {"laptop": "/root", "server": "/root"}
        self.script("server", page.server)
        if page.laptop:
            self.script("laptop", page.laptop)
        self.places["laptop"] = page.start
        unused, count = {*page.before, *page.elsewhere}, 0
        for block in blocks(ROOT / page.path):
            if appended := re.fullmatch(r"Append to `([^`]+)`:", block.before):
                self.shell("server", ["bash", "-c", 'printf "\n\n%s" "$1" >>"$0"', appended[1], block.text], check=True)
            for job in re.findall(r"^ +run: \|\n((?: {10}.*\n)+)", block.text, re.M):
                self.script("laptop", JOB + job)
            for command in commands(block) if block.language == "console" else []:
                named = {start for start in (*page.before, *page.elsewhere) if command.line.startswith(start)}
                unused -= named
                if not named & {*page.elsewhere}:
                    for start in named:
                        self.script("server", page.before[start])
                    self.type(command)
                    count += 1
        assert not unused, f"{page.path} has no such line any more: {unused}"
        self.places = {"laptop": "/root", "server": "/root"}
        self.script("server", page.after)
        return count

    def type(self, command: Command) -> None:
        """Type a line, which has to succeed, and look for what the page shows."""
        if follows(command.line):
            done = self.shell(
                command.machine, ["timeout", "--signal=INT", f"{INTERRUPTED}", "bash", "-c", f"exec {command.line}"]
            )
            good = done.code in (0, 124, 130, 255)
        else:
            done = self.shell(command.machine, ["bash", "-ec", f'{command.line}\nprintf "\\n\\001%s" "$PWD"'])
            good = done.code == 0
        said, _, place = done.stdout.partition("\n\001")
        self.places[command.machine] = place or self.places[command.machine]
        assert good, f"{command.machine}: {command.line}\nexited {done.code}\n{done.output}"
        # The remote's lines come with the spaces that git adds to clear the line.
        shown = [text.rstrip() for text in (said + done.stderr).splitlines()]
        for expected in command.output:
            assert any(text.startswith(expected) for text in shown), f"{command.line}: {expected}\n" + "\n".join(shown)
