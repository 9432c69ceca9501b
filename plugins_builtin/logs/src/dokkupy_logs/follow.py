"""Live output: a thread per instance reads, the main thread puts in order and finds the instances of new deploys."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Instance

from dokkupy_logs.lines import Line, in_order, parse_line, whole_seconds

GATHER = 0.05
"""Seconds for which lines are collected before they are put in order."""

LOOK = 0.5
"""Seconds between looks for instances of a new deploy, and for whether anybody still reads."""

BACKLOG = 10000


def past(host: Host, instances: Sequence[Instance], num: int) -> Iterator[Line]:
    """The last `num` lines of each instance, by time."""
    return in_order([read(host, instance, tail=num, follow=False) for instance in instances])


def read(host: Host, instance: Instance, *, tail: int | None, follow: bool, after: str = "") -> Iterator[Line]:
    """An instance's lines, none when it is gone. after: only later ones than of this time."""
    since, running = whole_seconds(after) if after else 0, host.instances(instance.app)
    try:
        for stream, data in running.logs(instance, tail=tail, follow=follow, timestamps=True, since=since):
            line = parse_line(instance.dyno, stream, data)
            if not after or line.at > after:
                yield line
    except DokkupyError:
        if state_of(host, instance) != "missing":
            raise


def follow(
    host: Host,
    serving: Callable[[], Sequence[Instance]],
    num: int,
    *,
    gone: Callable[[], bool],
    news: Callable[[], Iterable[Line]] = tuple,
) -> Iterator[Line]:
    """The last lines and then all that come, from the instances that serve now and those of later deploys.

    gone: whether nobody reads any more. Ends then; an app whose instances all ended may get new ones. news: what else
    is to be shown.
    """
    lines: queue.Queue[Line] = queue.Queue(BACKLOG)
    known: set[str] = set()
    first = True
    while not gone():
        for instance in serving():
            if instance.id not in known:
                known.add(instance.id)
                start(host, instance, num if first else None, lines)
        first = False
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


def start(host: Host, instance: Instance, tail: int | None, lines: queue.Queue[Line]) -> None:
    def pump() -> None:
        after = ""
        try:
            while True:
                for line in read(host, instance, tail=None if after else tail, follow=True, after=after):
                    after = max(after, line.at)
                    lines.put(line)
                if not runs_again(host, instance):
                    return
                after = after or began
        except DokkupyError as error:
            host.out.warn(f"The output of {instance.dyno} ended: {error.message}")

    began = time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z", time.gmtime())
    threading.Thread(target=pump, daemon=True, name=f"logs {instance.dyno}").start()


def runs_again(host: Host, instance: Instance) -> bool:
    """Wait for an instance that ended, until it was started again (True) or is gone."""
    while (state := state_of(host, instance)) != "missing":
        if state == "running":
            return True
        time.sleep(LOOK)
    return False


def state_of(host: Host, instance: Instance) -> str:
    return host.instances(instance.app).status([instance])[0].state
