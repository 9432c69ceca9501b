"""Signals during an operation: they roll it back, and are ignored while it is rolled back."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dokkupy.errors import Interrupted


class SignalReceived(Interrupted):
    """A signal asked the process to end."""


@contextmanager
def signals_as_exceptions() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP raise SignalReceived. The operation adds what became of it."""

    def handle(number: int, _frame: object) -> None:
        raise SignalReceived(f"Interrupted by {signal.Signals(number).name}", exit_code=128 + number)

    with handlers(handle):
        yield


@contextmanager
def signals_ignored() -> Iterator[None]:
    """For a rollback, because a second Ctrl-C or a dropped connection must not leave it half done."""
    with handlers(signal.SIG_IGN):
        yield


@contextmanager
def handlers(handler: Any) -> Iterator[None]:
    """Handle SIGINT, SIGTERM and SIGHUP by this handler. Only the main thread can; others change nothing."""
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
