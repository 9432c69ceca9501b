"""Follow the first pages literally on a newcomer's machine, and compare the output: docs/tutorial/first-app.md, the
README's five minutes, then four how-tos without further requirements. `your-server` is a name that this machine can
resolve. Nothing else is replaced.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from bed import servers
from bed.checkout import ROOT
from bed.host import Host

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "docs"))

from markdown import Command, blocks, commands

#: The laptop and the server are the same machine here, which is reached by the server's name. The checkout for the
#: installation is in root's home.
PREPARE = """
echo '127.0.0.1 your-server' >>/etc/hosts
mkdir -p /root/laptop ~/.ssh
[ -e ~/.ssh/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519
cp ~/.ssh/id_ed25519.pub ~/.ssh/authorized_keys
printf 'StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\n' > ~/.ssh/config
git config --global user.name Newcomer
git config --global user.email newcomer@example.com
"""
#: The newcomer's own repository, without an app.json that sets the formation.
REPOSITORY = """
cp -r /root/dokkupy/examples/apps/hello mine && cd mine && rm -rf app.json .git
git init -q -b main && git add . && git commit -q -m mine
"""
INTERRUPTED = 3
"""Seconds after which a command that runs until Ctrl-C is interrupted."""


class Newcomer:
    """Types lines into one shell."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.place = "/root/laptop"
        self.count = 0

    def type(self, line: str, *, endless: bool = False) -> list[str]:
        """Run a line, which must succeed, and return the lines of both streams."""
        script = f"{line}\npwd > /run/place"
        words = ["bash", "-ec", script]
        if endless:
            words = ["timeout", "--signal=INT", str(INTERRUPTED), "bash", "-c", f"exec {line}"]
        done = self.host.exec(words, cwd=self.place, env={"HOME": "/root"}, check=False)
        assert done.code in ((0, 124, 130, 255) if endless else (0,)), f"{line}\n{done.stdout}{done.stderr}"
        if not endless:
            self.place = self.host.exec(["cat", "/run/place"]).stdout.strip()
        # git adds spaces to lines of the remote to clear the rest of the line
        return [text.rstrip() for text in (done.stdout + done.stderr).splitlines()]

    def follow(self, page: Path) -> None:
        """Type what a page says and compare what it shows."""
        for block in blocks(page):
            for command in commands(block) if block.language == "console" else []:
                self.follow_line(command)

    def follow_line(self, command: Command) -> None:
        endless = "-t" in shlex.split(command.line, comments=True)
        shown = self.type(command.line, endless=endless)
        for expected in command.output:
            assert any(text.startswith(expected) for text in shown), f"{command.line}: {expected}\n" + "\n".join(shown)
        self.count += 1


def test_newcomer_gets_the_output_that_the_first_pages_show(fresh_host: Host) -> None:
    host = fresh_host
    host.exec(["bash", "-ec", PREPARE], env={"HOME": "/root"})
    host.copy_in(ROOT / "examples", "/root/dokkupy/examples")
    # Debian's newest version stands in for the default image of the plugin
    host.load_image(servers.server("postgres:17"), "postgres:18")
    newcomer = Newcomer(host)
    newcomer.follow(ROOT / "docs/tutorial/first-app.md")
    assert newcomer.count > 15
    newcomer.place = "/root/laptop"
    newcomer.type("ssh root@your-server dokkupy ssh-keys:remove me")
    newcomer.type(REPOSITORY)
    newcomer.follow(ROOT / "README.md")
    assert newcomer.count > 30
    for name in ("from-your-own-machine", "dns", "ci", "monorepo"):
        newcomer.place = "/root/laptop"
        newcomer.follow(ROOT / f"docs/how-to/{name}.md")
    assert newcomer.count > 50
