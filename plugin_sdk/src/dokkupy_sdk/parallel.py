"""Many apps at once, each in its own process with its own signals, locks and undo. Only the parent process prints."""

from __future__ import annotations

import json
import os
import selectors
import signal
import sys

from dokkupy.cli.output import Terminal
from dokkupy.errors import DokkupyError, Interrupted
from dokkupy.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO, Any, NoReturn, TypeVar

    S = TypeVar("S")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PREFIX = 7
"""The length of a line's prefix: `-----> `, ` !     `."""


class Piped(Terminal):
    """The console of a child, which sends its lines to the parent."""

    def __init__(self, parent: Terminal, pipe: int) -> None:
        super().__init__(quiet=parent.quiet, trace=parent.trace)
        self.pipe = pipe

    def write(self, stream: IO[str], line: str, style: str = "") -> None:
        self.send({"line": line, "error": stream is self.stderr, "style": style})
        if self.log is not None:
            self.log.write(line + "\n")
            self.log.flush()

    def progress(self, text: str) -> None:
        """Does nothing, because several apps cannot share the last line of a terminal."""

    def send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self.pipe, data) :]
        except BrokenPipeError:
            pass  # the parent was killed; the child finishes nevertheless


class Child:
    """A process that works on one subject, and the end of its pipe."""

    def __init__(self, subject: object, pid: int, pipe: int) -> None:
        self.subject = subject
        self.pid = pid
        self.pipe = pipe
        self.rest = b""
        self.failure: dict[str, str] | None = {"message": "its process was killed"}

    def read(self) -> list[dict[str, Any]] | None:
        """The messages that have arrived; None at the end."""
        data = os.read(self.pipe, 1 << 16)
        *whole, self.rest = (self.rest + data).split(b"\n")
        return [json.loads(line) for line in whole] if data else None


class Crew:
    """The running children, and the signal that ended the command (0 for none).

    `woken` becomes readable with each signal: one that arrives just before a wait would otherwise be handled after it.
    """

    def __init__(self) -> None:
        self.children: dict[int, Child] = {}
        self.ended_by = 0
        self.before = {number: signal.getsignal(number) for number in SIGNALS}
        self.woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def __enter__(self) -> Crew:
        self._woken_before = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self.end)
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
        os.close(self.woken)
        os.close(self._wake)

    def leave(self) -> None:
        """Handle signals as before, also in a child, whose signals must not wake the parent."""
        signal.set_wakeup_fd(self._woken_before)
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def end(self, number: int, _frame: object) -> None:
        """End every child, which rolls back its own operation."""
        self.ended_by = number
        for child in self.children.values():
            os.kill(child.pid, number)

    def start(self, host: Host, subject: S, do: Callable[[S], object], out: Terminal) -> Child:
        reading, writing = os.pipe()
        sys.stdout.flush()
        # A signal that arrives before the child has its own handlers is delayed until then.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        pid = os.fork()
        if pid == 0:
            self.leave()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            for pipe in (self.woken, self._wake, reading, *self.children):
                os.close(pipe)
            work(host, subject, do, Piped(out, writing))
        os.close(writing)
        child = self.children[reading] = Child(subject, pid, reading)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return child

    def reap(self, child: Child) -> None:
        os.waitpid(child.pid, 0)
        del self.children[child.pipe]
        os.close(child.pipe)


def work(host: Host, subject: S, do: Callable[[S], object], out: Piped) -> NoReturn:
    """Run in the child: do the work, and report its end."""
    from dokkupy.errors import as_errors, messages

    vars(host)["out"] = out  # a forked child has a host of its own
    failure = None
    try:
        do(subject)
        out.proceed()
    except BaseException as error:
        hint = next((one.hint for one in as_errors(error) if one.hint), "")
        failure = {"message": "; ".join(messages(error)), "hint": hint}
    out.send({"failure": failure})
    os._exit(0)


def over_each_at_once(
    host: Host, subjects: Sequence[S], do: Callable[[S], object], at_once: int
) -> tuple[list[tuple[S, object]], list[tuple[S, Exception]]]:
    """Like `over_each`, with up to `at_once` subjects at a time. If a signal ends it, it raises Interrupted after every
    child has ended."""
    out = host.out if isinstance(host.out, Terminal) else Terminal()
    waiting = list(subjects)
    failures: dict[S, Exception] = {}
    with Crew() as crew, selectors.DefaultSelector() as selector:
        selector.register(crew.woken, selectors.EVENT_READ)
        while crew.children or (waiting and not crew.ended_by):
            while waiting and len(crew.children) < at_once and not crew.ended_by:
                child = crew.start(host, waiting.pop(0), do, out)
                selector.register(child.pipe, selectors.EVENT_READ, child)
            for key, _ in selector.select():
                if key.fd == crew.woken:
                    os.read(crew.woken, 1)
                    continue
                messages = key.data.read()
                if messages is None:
                    selector.unregister(key.fd)
                    crew.reap(key.data)
                    if key.data.failure is not None:
                        failures[key.data.subject] = DokkupyError(**key.data.failure)
                for message in messages or ():
                    take(key.data, message, out)
        if crew.ended_by:
            raise Interrupted(
                f"Interrupted by {signal.Signals(crew.ended_by).name}; what was not finished was rolled back",
                exit_code=128 + crew.ended_by,
            )
    return [(one, None) for one in subjects if one not in failures], list(failures.items())


def take(child: Child, message: dict[str, Any], out: Terminal) -> None:
    if "line" in message:
        line = message["line"].ljust(PREFIX)
        stream = out.stderr if message["error"] else out.stdout
        out.write(stream, f"{line[:PREFIX]}{child.subject}: {line[PREFIX:]}", message["style"])
    else:
        child.failure = message["failure"]
