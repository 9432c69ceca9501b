"""The proc-receive hook that git runs: a shell that hands its input and output to the endpoint, and waits for it.

One script serves all repositories: `core.hooksPath` on the command line names its directory, and no hook in a repository
runs.
"""

from __future__ import annotations

import os

from dokkupy_sdk.files import make_directory, write_atomic

from dokkupy_git.repository.program import BEGUN, ENDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host

HOOK = "proc-receive"

INPUT, OUTPUT, MESSAGES = 8, 9, 2
"""The descriptors of the hook by which git talks to it, and that by which the client reads messages."""

SCRIPT = f"""#!/bin/sh
# Written by dokkupy, which started git. It does the work of this process: it opens its descriptors, and ends its waiting.
exec {INPUT}<&0 {OUTPUT}>&1
echo $$ >"/proc/self/fd/${BEGUN}" && read -r _ <"/proc/self/fd/${ENDED}"
"""
"""If dokkupy is killed, `read` fails, and with it the push. Both commands redirect 0 and 1 while they run."""


def hooks_directory(host: Host) -> str:
    """The directory with the hook, which is written again if another version wrote it."""
    directory = host.path("git", "hooks")
    path = os.path.join(directory, HOOK)
    try:
        with open(path) as file:
            if file.read() == SCRIPT:
                return directory
    except FileNotFoundError:
        pass
    make_directory(directory)
    for name in os.listdir(directory):  # remove the hook of an older version
        if name != HOOK:
            os.unlink(os.path.join(directory, name))
    write_atomic(path, SCRIPT.encode(), mode=0o700)
    return directory
