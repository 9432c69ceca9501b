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
    gone = watch(int(os.environ.get(program.LINE, "2")))
    from dokkupy_sdk.entry import main

    status = main(["git-hook", app], who=who, root=root)
    if gone[0] and status:
        drop_quarantine(repository)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)


def watch(descriptor: int) -> list[bool]:
    """Send ourselves SIGHUP when nobody reads from the connection any more: the client is gone.

    sshd sends no signal to a session without a terminal, and git, which stands between, waits for the hook to end and
    drops what it prints. So the endpoint hands us the connection itself: its writing end shows that the reader left.
    The list that is returned then says True.
    """
    gone = [False]
    own = os.dup(descriptor)
    if descriptor > 2:
        os.close(descriptor)

    def wait() -> None:
        poll = select.poll()
        poll.register(own, 0)
        while not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll()):
            pass
        gone[0] = True
        os.kill(os.getpid(), signal.SIGHUP)

    _thread.start_new_thread(wait, ())
    return gone


def drop_quarantine(repository: str) -> None:
    """Remove the objects of a push whose git has died, or will: it had no chance to do it."""
    import shutil

    path = os.environ.get("GIT_QUARANTINE_PATH", "")
    if path:
        program.quarantine_env(repository, path)
        shutil.rmtree(path, ignore_errors=True)
