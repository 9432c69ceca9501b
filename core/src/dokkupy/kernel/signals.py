"""Signals while an operation runs: they end it in good order, or wait until it is undone."""

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
    """SIGINT, SIGTERM and SIGHUP raise SignalReceived, so that the operation is undone."""

    def handle(number: int, _frame: object) -> None:
        name = signal.Signals(number).name
        raise SignalReceived(f"Interrupted by {name}; the operation was rolled back", exit_code=128 + number)

    with handlers(handle):
        yield


@contextmanager
def signals_ignored() -> Iterator[None]:
    """While undoing, a second Ctrl-C or a dropped connection must not leave things half done."""
    with handlers(signal.SIG_IGN):
        yield


@contextmanager
def signals_held() -> Iterator[None]:
    """Signals that come meanwhile are delivered at the end: a program that was just started has to be known to whoever
    ends it."""
    held: list[int] = []
    with handlers(lambda number, _frame: held.append(number)):
        yield
    for number in held:
        signal.raise_signal(number)


@contextmanager
def handlers(handler: Any) -> Iterator[None]:
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
