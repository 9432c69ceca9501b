"""The findings of `dokkupy doctor` about git."""

from __future__ import annotations

import re

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.model import Finding

from dokkupy_git.repository import program

OLDEST = (2, 30)
"""The version in Debian 11. Older ones lack `receive.procReceiveRefs` and fixes of path checks."""


def findings(host: Host) -> list[Finding]:
    try:
        text = execute([program.GIT, "--version"]).stdout.strip()
    except HostError:
        return [Finding("git", "error", "git is not installed", "apt-get install git")]
    found = re.search(r"(\d+)\.(\d+)", text)
    if found and (int(found[1]), int(found[2])) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        return [Finding("git", "warning", f"{text} is older than {wanted}", "Upgrade git.")]
    return [Finding("git", "ok", text)]
