from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial

import pytest
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.threads import beside_each_other


def test_results_have_the_order_of_the_calls_which_run_at_the_same_time() -> None:
    barrier = threading.Barrier(3, timeout=60)

    def call(number: int) -> int:
        barrier.wait()
        return number

    assert beside_each_other([partial(call, number) for number in range(3)]) == [0, 1, 2]
    assert beside_each_other([lambda: "one"]) == ["one"]
    assert beside_each_other(list[Callable[[], None]]()) == []


def test_no_more_calls_run_at_the_same_time_than_allowed() -> None:
    lock, running, most = threading.Lock(), 0, 0
    pair = threading.Barrier(2, timeout=60)

    def call() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        pair.wait()
        with lock:
            running -= 1
        pair.wait()

    beside_each_other([call] * 6, 2)
    assert most == 2


def test_after_a_failure_no_call_begins_and_those_that_had_begun_end() -> None:
    begun = threading.Barrier(2, timeout=60)
    failed = threading.Event()
    ended: list[str] = []

    def fails() -> None:
        begun.wait()
        failed.set()
        raise HostError("no")

    def ends() -> None:
        begun.wait()
        assert failed.wait(60)
        ended.append("second")

    with pytest.raises(HostError, match="no"):
        beside_each_other([fails, ends, *[lambda: ended.append("further")] * 5], 2)
    assert ended[0] == "second"
    assert len(ended) < 6


INTERRUPTED = """
import os, signal, sys, threading
from dokkupy_sdk.threads import beside_each_other
def stop(*_): raise KeyboardInterrupt
signal.signal(signal.SIGUSR1, stop)
ready, ended = threading.Event(), []
def first():
    threading.Thread(target=lambda: (os.kill(os.getpid(), signal.SIGUSR1), ready.set())).start()
    ready.wait()
    ended.append("first")
try:
    beside_each_other([first] + [lambda: ended.append("further")] * 3, 1)
except KeyboardInterrupt:
    print(*ended[:1], "concurrent.futures" in sys.modules)
"""


def test_a_signal_is_raised_when_the_calls_that_had_begun_have_ended() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "first False\n"
