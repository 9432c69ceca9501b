"""The proc-receive hook that git runs: one line that starts dokkupy again, as this process was started.

One script serves all repositories: `core.hooksPath` on the command line names its directory, and no hook in a repository
runs.
"""

from __future__ import annotations

import os
import shlex

from dokkupy_sdk.execute import own_argv
from dokkupy_sdk.files import make_directory, write_atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk import Host

HOOK = "proc-receive"
ENTRY = "git-hook-entry"
"""The entry point that runs `hook.run`."""
LONGEST_SHEBANG = 120
"""Linux cuts off a longer first line of a script."""


def script(argv: Sequence[str]) -> str:
    """The text of the hook. The launcher is itself a script, which Linux accepts as an interpreter."""
    first = f"#!{argv[0]} {ENTRY}"
    if len(argv) == 1 and len(first) <= LONGEST_SHEBANG and not any(character.isspace() for character in argv[0]):
        return f"{first}\n"
    return f"#!/bin/sh\nexec {shlex.join([*argv, ENTRY])}\n"


def hooks_directory(host: Host) -> str:
    """The directory with the hook, which is written again if it starts another program."""
    directory = host.path("git", "hooks")
    path = os.path.join(directory, HOOK)
    text = script(own_argv())
    try:
        with open(path) as file:
            if file.read() == text:
                return directory
    except FileNotFoundError:
        pass
    make_directory(directory)
    for name in os.listdir(directory):  # remove the hook of an older version
        if name != HOOK:
            os.unlink(os.path.join(directory, name))
    write_atomic(path, text.encode(), mode=0o700)
    return directory
