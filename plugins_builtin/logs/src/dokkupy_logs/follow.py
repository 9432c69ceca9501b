"""Live output: a thread per instance reads lines; the main thread sorts them and finds the instances of new deploys."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Instance
from dokkupy_sdk.times import stamp_of

from dokkupy_logs.lines import Line, whole_seconds
from dokkupy_logs.past import read

GATHER = 0.05
"""Seconds for which lines are collected before they are sorted."""

LOOK = 0.5
"""Seconds between checks for instances of a new deploy, and whether the reader is still connected."""

BACKLOG = 10000


def follow(
    host: Host,
    serving: Callable[[], Sequence[Instance]],
    seen: dict[str, str],
    *,
    gone: Callable[[], bool],
    news: Callable[[], Iterable[Line]] = tuple,
) -> Iterator[Line]:
    """All new lines, from the instances that serve now and those of later deploys.

    seen: instance -> the time after which its lines are new; of others all are. gone: whether the reader has disconnected,
    which ends this. The end of all instances does not, because the app may get new ones. news: other lines to show.
    """
    lines: queue.Queue[Line] = queue.Queue(BACKLOG)
    known: set[str] = set()
    while not gone():
        for instance in serving():
            if instance.id not in known:
                known.add(instance.id)
                start(host, instance, seen.get(instance.id, ""), lines)
        yield from news()
        until = time.monotonic() + LOOK
        while (left := until - time.monotonic()) > 0:
            try:
                batch = [lines.get(timeout=left)]
            except queue.Empty:
                break
            time.sleep(GATHER)
            while len(batch) < BACKLOG:
                try:
                    batch.append(lines.get_nowait())
                except queue.Empty:
                    break
            yield from sorted(batch, key=lambda line: line.at)


def start(host: Host, instance: Instance, after: str, lines: queue.Queue[Line]) -> None:
    def pump() -> None:
        known = last = after
        try:
            while True:
                for line in read(host, instance, None, whole_seconds(known) if known else 0, follow=True):
                    if line.at > known:
                        last = max(last, line.at)
                        lines.put(line)
                if not runs_again(host, instance):
                    return
                known = last = last or began
        except DokkupyError as error:
            host.out.warn(f"The output of {instance.dyno} ended: {error.message}")

    began = stamp_of(datetime.now(UTC))
    threading.Thread(target=pump, daemon=True, name=f"logs {instance.dyno}").start()


def runs_again(host: Host, instance: Instance) -> bool:
    """Wait until an ended instance was started again (True) or removed (False)."""
    while (state := state_of(host, instance)) != "missing":
        if state == "running":
            return True
        time.sleep(LOOK)
    return False


def state_of(host: Host, instance: Instance) -> str:
    return host.instances(instance.app).status([instance])[0].state
