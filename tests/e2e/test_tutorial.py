"""Follows docs/tutorial/first-app.md on a machine, typing what it says and reading what it shows."""

from __future__ import annotations

import sys
from pathlib import Path

from bed.checkout import ROOT
from bed.host import Host

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "docs"))

from markdown import blocks, commands

PREPARE = """
mkdir -p /root/tutorial ~/.ssh
ln -sfn /root/dokkupy-checkout /root/tutorial/dokkupy
[ -e ~/.ssh/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519
printf 'StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\n' > ~/.ssh/config
git config --global user.name Newcomer
git config --global user.email newcomer@example.com
"""


def test_a_newcomer_gets_what_the_tutorial_shows(fresh_host: Host) -> None:
    host = fresh_host
    host.exec(["bash", "-ec", PREPARE], env={"HOME": "/root"})
    host.copy_in(ROOT / "examples", "/root/dokkupy-checkout/examples")
    place = "/root/tutorial"
    count = 0
    for block in blocks(ROOT / "docs/tutorial/first-app.md"):
        assert block.language == "console"
        for command in commands(block):
            line = command.line.replace("your-server", "127.0.0.1")
            done = host.exec(
                ["bash", "-ec", f"{line}\npwd > /run/place"], cwd=place, env={"HOME": "/root"}, check=False
            )
            assert done.code == 0, f"{line}\n{done.stdout}{done.stderr}"
            place = host.exec(["cat", "/run/place"]).stdout.strip()
            # The remote's lines come with the spaces that git adds to clear the line.
            shown = [text.rstrip() for text in (done.stdout + done.stderr).splitlines()]
            for expected in command.output:
                assert any(text.startswith(expected) for text in shown), f"{line}: {expected}\n" + "\n".join(shown)
            count += 1
    assert count > 15
