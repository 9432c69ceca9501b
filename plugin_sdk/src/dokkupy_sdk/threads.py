"""Calls at the same time, such as requests to an engine about several containers.

Plain threads, because the import of `concurrent.futures` costs as much as an interpreter's start.
"""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    T = TypeVar("T")

AT_ONCE = 16


def beside_each_other(calls: Sequence[Callable[[], T]], at_once: int = AT_ONCE) -> list[T]:
    """Make the calls, that many at the same time, and return their results in order.

    After a failure no further call begins. The failure of the earliest call is raised when all that had begun have ended,
    as is a signal, so that a rollback finds what they made.
    """
    if len(calls) < 2:
        return [call() for call in calls]
    left = list(enumerate(calls))[::-1]
    results: dict[int, T] = {}
    failures: dict[int, BaseException] = {}

    def work(ended: threading.Event) -> None:
        try:
            while not failures:
                try:
                    number, call = left.pop()
                except IndexError:
                    return
                try:
                    results[number] = call()
                except BaseException as error:  # the caller's thread raises it
                    failures[number] = error
        finally:
            ended.set()

    # Events and not `join`: after a signal in its `join`, Python 3.11 takes a thread that runs for one that has ended.
    ends = [threading.Event() for _ in range(min(at_once, len(calls)))]
    threads = {end: threading.Thread(target=work, args=(end,)) for end in ends}
    try:
        for thread in threads.values():
            thread.start()
        for end in ends:
            end.wait()
    except BaseException:
        left.clear()
        for end, thread in threads.items():
            if thread.is_alive():
                end.wait()
        raise
    if failures:
        raise failures[min(failures)]
    return [results[number] for number in range(len(calls))]
