"""The process of the proc-receive hook: determines who pushes to which app, watches the connection, and runs `git-hook`.

git calls this hook in place of moving the refs itself: our deploy moves them, as one of its steps, so that a push that git
cannot take has deployed nothing and one that did not deploy has moved no ref.
"""

from __future__ import annotations

import _thread
import contextlib
import io
import os
import select
import signal
import sys

from dokkupy_git.push import pkt_line
from dokkupy_git.repository import program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

TRACE = "trace"
REFUSED = "pre-receive hook declined"
"""The text that git's client shows for a refused ref. It is the same as in Dokku's hook, because clients know it."""


def run(_argv: list[str]) -> NoReturn:
    """Run the deploy of a push, and report the result of each ref to git. An entry of `dokkupy.entries`, which the script of
    the hook starts."""
    repository = os.getcwd()
    # Standard output carries the protocol, so all other output goes to the client by standard error.
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        updates, options = pkt_line.updates_of(sys.stdin.buffer, answers)
        status = deploy(repository, updates, options)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        refs = [update.split(" ", 2)[2] for update in updates]
        with contextlib.suppress(OSError):  # the client is gone
            if status and not all(has_moved(repository, update) for update in updates):
                pkt_line.report(answers, refs, reason=REFUSED)
            else:  # a failure after the refs had moved does not undo the deploy
                pkt_line.report(answers, refs, moved=stored(repository, updates))
    os._exit(0)


def deploy(repository: str, updates: list[str], options: list[str]) -> int:
    who = os.environ.get(program.WHO, "")
    if not who:
        sys.stderr.write(" !     Push over SSH: git push dokku@HOST:APP\n")
        return 1
    watch(int(os.environ.get(program.LINE, "2")))
    from dokkupy_sdk.entry import main

    root = os.path.dirname(os.path.dirname(repository))
    app = os.path.basename(repository).removesuffix(".git")
    sys.stdin = io.TextIOWrapper(io.BytesIO("\n".join(updates).encode()))
    words = [f"--option={option}" for option in options]
    return main([*(["--trace"] if TRACE in options else []), "git-hook", app, *words], who=who, root=root)


def stored(repository: str, updates: list[str]) -> dict[str, str]:
    """The refs that now name another object than was pushed: an annotated tag that is pushed to a branch becomes its
    commit."""
    found = {}
    for update in updates:
        _, new, ref = update.split(" ", 2)
        now = named_by(repository, ref)
        if now not in ("", new):
            found[ref] = now
    return found


def has_moved(repository: str, update: str) -> bool:
    old, _, ref = update.split(" ", 2)
    return named_by(repository, ref) != old.replace("0" * len(old), "")


def named_by(repository: str, ref: str) -> str:
    """The object of a ref that has just moved, which therefore has its own file. Empty if there is none."""
    try:
        with open(os.path.join(repository, ref), encoding="ascii") as file:
            return file.read().strip()
    except (OSError, UnicodeError):
        return ""


def watch(descriptor: int) -> None:
    """Send SIGHUP to this process when the client has disconnected.

    sshd sends no signal to a session without a terminal, and git, which stands between, waits for the hook to end and
    drops what it prints. So the endpoint hands us the connection itself: its writing end shows that the reader left.
    """
    own = os.dup(descriptor)
    if descriptor > 2:
        os.close(descriptor)

    def wait() -> None:
        poll = select.poll()
        poll.register(own, 0)
        while not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll()):
            pass
        os.kill(os.getpid(), signal.SIGHUP)

    _thread.start_new_thread(wait, ())
