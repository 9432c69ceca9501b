"""Stop several containers at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.roles import Containers
from dokkupy_sdk.threads import AT_ONCE


@contextmanager
def stopping(containers: Containers, timeout: int | None = None) -> Iterator[Callable[[Iterable[str]], None]]:
    """Yields a function that stops containers in parallel; leaving the context waits for all, because some engines fail
    to remove or inspect a container that is just ending."""
    from concurrent.futures import Future, ThreadPoolExecutor

    futures: list[Future[None]] = []
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:

        def stop(ids: Iterable[str]) -> None:
            futures.extend(pool.submit(containers.stop, one, timeout=timeout, restart_policy="no") for one in ids)

        yield stop
    for future in futures:
        error = future.exception()
        if error is not None and not isinstance(error, HostError):
            raise error
