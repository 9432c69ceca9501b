"""The process of the pre-receive hook: finds out who pushes to what, watches the connection, runs `git-hook`."""

from __future__ import annotations

import _thread
import contextlib
import os
import select
import signal
import sys

from dokkupy_git import program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def run() -> NoReturn:
    """Run the deploy of a push; exit status 1 makes git refuse all of it."""
    who = os.environ.get(program.WHO, "")
    repository = os.getcwd()
    root = os.path.dirname(os.path.dirname(repository))
    app = os.path.basename(repository).removesuffix(".git")
    if not who:
        sys.stderr.write(" !     Push over SSH: git push dokku@HOST:APP\n")
        os._exit(1)
    watch(2)
    from dokkupy_sdk.entry import main

    status = main(["git-hook", app], who=who, root=root)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)


def watch(descriptor: int) -> None:
    """Send ourselves SIGHUP when nobody reads our output any more: the client's connection is gone.

    sshd sends no signal to a session without a terminal; git ends when it cannot write, and so closes our pipe.
    """
    own = os.dup(descriptor)

    def wait() -> None:
        poll = select.poll()
        poll.register(own, 0)
        while not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll()):
            pass
        os.kill(os.getpid(), signal.SIGHUP)

    _thread.start_new_thread(wait, ())
