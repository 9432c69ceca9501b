"""Work of a deploy that is done beside its next steps, such as the removal of what has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dokkupy_sdk.failpoints import failpoints_count

Later = Callable[[Callable[[], None]], None]
"""Takes work, and does it now or beside what follows."""


def at_once(do: Callable[[], None]) -> None:
    do()


@contextmanager
def alongside() -> Iterator[Later]:
    """Yields a function that begins work on a thread. Leaving the context waits for all of it, so that a rollback finds
    nothing that still runs, and raises its first failure unless the context itself failed."""
    if failpoints_count():  # tests count failpoints, so their order must always be the same
        yield at_once
        return
    import threading

    failures: list[BaseException] = []
    # Events and not `join`: after a signal in its `join`, Python 3.11 takes a thread that runs for one that has ended.
    ends: list[threading.Event] = []

    def begin(do: Callable[[], None]) -> None:
        ended = threading.Event()

        def work() -> None:
            try:
                do()
            except BaseException as error:  # raised below, in the caller's thread
                failures.append(error)
            finally:
                ended.set()

        thread = threading.Thread(target=work, name="beside a deploy")
        thread.start()
        ends.append(ended)

    try:
        yield begin
    finally:
        try:
            for ended in ends:
                ended.wait()
        except BaseException:  # a signal
            for ended in ends:
                ended.wait()
            raise
    if failures:
        raise failures[0]
