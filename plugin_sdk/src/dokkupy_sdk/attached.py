"""A program on the caller's own terminal or pipes: it waits for its end, its caller's, or the end of its time."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import contextmanager

from dokkupy_sdk.execute import poll_reader
from dokkupy_sdk.operation import SignalReceived

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

OUTPUT = 1
"""The file descriptor of standard output."""

LONGEST_WAIT = 100_000
"""Seconds that one poll(2) waits; its limit is 2^31 milliseconds."""


def until_end(client: subprocess.Popen[bytes], ttl: int) -> str:
    """Wait for the client; returns why the container has to be ended before, or nothing."""
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
                return "its caller left"
        return f"its {ttl} seconds are over"
    finally:
        os.close(descriptor)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and SIGHUP raise SignalReceived. SIGINT is the command's: the client, which has it too, hands it on."""

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
    """What the engine's client needs of our environment beside the clean one. Nothing of the app's is in it."""
    return {key: os.environ[key] for key in ("TERM", "DOCKER_HOST", "HOME") if key in os.environ}
