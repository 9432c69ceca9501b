"""A program on the caller's own terminal or pipes. It runs until it ends, the caller disconnects, or its time limit."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import contextmanager

from dokkupy_sdk.execute import environment, poll_reader
from dokkupy_sdk.operation import SignalReceived, signals_ignored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dokkupy.host import Host
    from dokkupy.roles.containers import Container

    from dokkupy_sdk.one_offs import OneOffContainers, OneOffs

    Stop = Callable[[Host, Container, str], None]
    """Ends a container. The text is the reason."""

OUTPUT = 1
"""The file descriptor of standard output."""

GRACE = 10
"""Seconds for which the engine's client may outlive its container."""

NOT_STARTED = 125
"""The exit status for a container that the engine could not start, the same as that of `docker run`."""

LONGEST_WAIT = 100_000
"""Seconds that one poll(2) waits; its limit is 2^31 milliseconds."""


def until_end(client: subprocess.Popen[bytes], ttl: int) -> str:
    """Wait for the client. Returns why the container has to be stopped earlier, or an empty text."""
    end = time.monotonic() + ttl
    descriptor = os.pidfd_open(client.pid)
    poll = poll_reader(OUTPUT)
    poll.register(descriptor, select.POLLIN)
    try:
        while (left := end - time.monotonic()) > 0:
            events = dict(poll.poll(min(left, LONGEST_WAIT) * 1000))
            if descriptor in events:
                return ""
            if events:
                return "its caller disconnected"
        return f"it reached its time limit of {ttl} s"
    finally:
        os.close(descriptor)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and SIGHUP raise SignalReceived. SIGINT does nothing, because the client receives it too and forwards it."""

    def end(number: int, _frame: object) -> None:
        raise SignalReceived(f"Interrupted by {signal.Signals(number).name}", exit_code=128 + number)

    def leave(_number: int, _frame: object) -> None:
        pass  # not SIG_IGN, which the client would inherit

    before = {
        number: signal.signal(number, handler)
        for number, handler in ((signal.SIGTERM, end), (signal.SIGHUP, end), (signal.SIGINT, leave))
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def terminal() -> dict[str, str]:
    """The variables of the terminal for the engine's client, besides the clean environment. None is the app's."""
    return {key: os.environ[key] for key in ("TERM", "DOCKER_HOST", "HOME") if key in os.environ}


def attach(host: Host, at: OneOffContainers, container: Container, ttl: int, stop: Stop) -> int:
    """Start a created container, one of `at`, on the caller's terminal or pipes. Returns its exit status and leaves no container.

    A signal, the time limit and a disconnected caller end the container too. (An interrupted SSH connection without a
    terminal sends no signal.) stop: asks its process to end, and kills it after a grace period.
    """
    client: subprocess.Popen[bytes] | None = None
    interrupted: SignalReceived | None = None
    reason = ""
    try:
        try:
            with interruptible():
                client = subprocess.Popen(at.start_argv(container.id, stdin=True), env=environment(terminal()))
                reason = until_end(client, ttl)
        except SignalReceived as error:
            interrupted, reason = error, "its caller was interrupted"
        with signals_ignored():
            status = ended(host, at, container, client, reason, stop)
    finally:
        at.remove(container.id)
    if interrupted is not None:
        raise interrupted
    if reason:
        host.out.warn(f"{container.name} was stopped: {reason}")
    return status


def ended(
    host: Host,
    at: OneOffs,
    container: Container,
    client: subprocess.Popen[bytes] | None,
    reason: str,
    stop: Stop,
) -> int:
    """End what is still running. Returns the exit status."""
    found = at.find(container.id)
    if reason and client is not None and found is not None and found.state == "created":
        client.kill()  # it must not start the container anymore
        client.wait()
        found = at.find(container.id)
    if found is not None and found.state not in ("exited", "dead") and (reason or found.state != "created"):
        stop(host, found, reason or "its caller disconnected")
        found = at.find(container.id)
    if client is not None:
        try:
            client.wait(GRACE)
        except subprocess.TimeoutExpired:
            client.kill()
            client.wait()
    if found is None or found.exit_code is None:
        return client.returncode if client is not None and client.returncode >= 0 else NOT_STARTED
    return found.exit_code or (NOT_STARTED if found.state == "created" else 0)
