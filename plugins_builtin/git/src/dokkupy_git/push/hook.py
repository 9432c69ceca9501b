"""The push itself: runs `git receive-pack`, and does the work of its hook proc-receive in this process.

git calls this hook in place of moving the refs itself: our deploy moves them, as one of its steps, so that a push that git
cannot take has deployed nothing and one that did not deploy has moved no ref. The hook is only a shell that waits
(`hook_script`), because this process has loaded much of what a deploy uses, and loads the rest while git receives.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import select
import signal
import sys
from collections.abc import Iterator

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.execute import ending_with_reader
from dokkupy_sdk.names import AppName

from dokkupy_git.push import pkt_line
from dokkupy_git.push.hook_script import INPUT, MESSAGES, OUTPUT
from dokkupy_git.repository import program
from dokkupy_git.repository.bare import require_git

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host

TRACE = "trace"
REFUSED = "pre-receive hook declined"
"""The text that git's client shows for a refused ref. It is the same as in Dokku's hook, because clients know it."""


def serve(host: Host, app: AppName, repository: str, argv: list[str]) -> int:
    """Run `git receive-pack` to its end, and deploy what it hands to its hook. Returns its status."""
    (begun, hook_begins), (hook_waits, ended) = os.pipe(), os.pipe()
    ends = {program.BEGUN: inherited(hook_begins), program.ENDED: inherited(hook_waits)}
    extra = {name: str(descriptor) for name, descriptor in ends.items()}
    env = program.endpoint_env(os.environ.get("GIT_PROTOCOL", ""), extra)
    try:
        # Python ignores SIGPIPE, and a new program inherits that. git would then not end when its client disconnects.
        git = os.posix_spawn(require_git(), argv, env, setsigdef=[signal.SIGPIPE])
    except OSError as error:
        raise HostError(f"git cannot be started: {error.strerror}", hint="apt-get install git") from error
    for descriptor in ends.values():
        os.close(descriptor)
    load(host, app, begun)
    if hook := os.read(begun, 32):  # otherwise git has ended without it
        with contextlib.suppress(FileNotFoundError, BrokenPipeError):  # git, or its hook, was killed meanwhile
            answer(host, app, repository, int(hook))
            os.write(ended, b"\n")
    os.close(ended)
    status = os.waitstatus_to_exitcode(os.waitpid(git, 0)[1])
    return status if status >= 0 else 128 - status


def inherited(descriptor: int) -> int:
    """Replace a descriptor by one that git and its hook inherit, with a number that the hook does not use itself."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
    os.close(descriptor)
    return moved


def load(host: Host, app: AppName, begun: int) -> None:
    """Import what a deploy uses while git receives: first what it uses at once, and the rest if there is time."""
    import dokkupy_apps.deploy  # noqa: F401
    import dokkupy_sdk.entry  # noqa: F401
    from dokkupy_apps.rollout import ahead

    import dokkupy_git.deploy
    import dokkupy_git.push.receive  # noqa: F401

    poll = select.poll()
    poll.register(begun, select.POLLIN)
    ahead.load(host, app, is_over=lambda: bool(poll.poll(0)))


def answer(host: Host, app: AppName, repository: str, hook: int) -> None:
    """Deploy what the hook was handed, and report the result of each ref to git. hook: its process id."""
    with (
        open(f"/proc/{hook}/fd/{INPUT}", "rb") as handed,
        open(f"/proc/{hook}/fd/{OUTPUT}", "wb") as answers,
        ending_with_reader(os.dup(1)),  # git, which stands between, waits for the hook and drops what it prints
        printing_to(f"/proc/{hook}/fd/{MESSAGES}"),
    ):
        updates, options = pkt_line.updates_of(handed, answers)
        status = deploy(host, app, updates, options)
        refs = [update.split(" ", 2)[2] for update in updates]
        if status and not all(has_moved(repository, update) for update in updates):
            pkt_line.report(answers, refs, reason=REFUSED)
        else:  # a failure after the refs had moved does not undo the deploy
            pkt_line.report(answers, refs, moved=stored(repository, updates))


def deploy(host: Host, app: AppName, updates: list[str], options: list[str]) -> int:
    from dokkupy_sdk.entry import main

    os.environ[program.PUSH] = "1"
    sys.stdin = io.TextIOWrapper(io.BytesIO("\n".join(updates).encode()))
    words = [f"--option={option}" for option in options]
    return main([*(["--trace"] if TRACE in options else []), "git-hook", app, *words], host=host)


@contextlib.contextmanager
def printing_to(path: str) -> Iterator[None]:
    """Print to the client by the hook's standard error. Without it, as for a client that takes no messages, by our own."""
    sys.stdout.flush()
    saved = os.dup(1), os.dup(2)
    try:
        own = os.open(path, os.O_WRONLY)
    except OSError:
        own = os.dup(2)
    for number in (1, 2):
        os.dup2(own, number)
    os.close(own)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):  # the client is gone
                stream.flush()
        for number, before in enumerate(saved, 1):
            os.dup2(before, number)
            os.close(before)


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
