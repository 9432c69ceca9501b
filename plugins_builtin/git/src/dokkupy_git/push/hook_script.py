"""The proc-receive hook that git runs: two lines that call back into this package, in the same environment of Python.

One launcher serves all repositories: `core.hooksPath` on the command line names its directory, and no hook in a
repository runs.
"""

from __future__ import annotations

import os
import shlex
import sys

from dokkupy_sdk.files import make_directory, write_atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host

HOOK = "proc-receive"
CALL = "from dokkupy_git.push.hook import run; run()"
LONGEST_SHEBANG = 120
"""Linux cuts off a longer first line of a script."""


def launcher(python: str) -> str:
    """The text of the hook. `-I`: neither the environment nor the current directory adds modules."""
    first = f"#!{python} -I"
    if len(first) <= LONGEST_SHEBANG and not any(character.isspace() for character in python):
        return f"{first}\n{CALL}\n"
    return f"#!/bin/sh\nexec {shlex.quote(python)} -I -c {shlex.quote(CALL)}\n"


def hooks_directory(host: Host) -> str:
    """The directory with the launcher, which is written again if it belongs to another Python."""
    directory = host.path("git", "hooks")
    path = os.path.join(directory, HOOK)
    text = launcher(sys.executable)
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
