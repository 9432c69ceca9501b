"""The output of one-off containers: existing lines and new ones."""

from __future__ import annotations

import queue
import threading

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.execute import reader_left
from dokkupy_sdk.one_offs import one_offs
from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dokkupy_sdk.roles import Container

LOOK = 0.5
"""Seconds between checks whether the reader is still connected."""

BACKLOG = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a one-off container. at: RFC 3339. dyno: `run.1234`."""

    name: str
    dyno: str
    at: str
    text: str


def read(host: Host, one: Container, num: int, *, follow: bool = False) -> Iterator[Line]:
    dyno = one.labels.get("com.dokku.dyno", "run")
    for _, data in one_offs(host, one.labels["dokkupy.app"]).logs(one.id, tail=num, follow=follow, timestamps=True):
        at, _, text = data.decode(errors="replace").partition(" ")
        yield Line(one.name, dyno, at, text)


def past(host: Host, containers: Sequence[Container], num: int) -> list[Line]:
    """The last lines of each container, merged by time."""
    return sorted((line for one in containers for line in read(host, one, num)), key=lambda line: line.at)


def follow(host: Host, containers: Sequence[Container], num: int) -> Iterator[Line]:
    """The last lines and new ones, until all containers have ended or the reader has disconnected."""
    lines: queue.Queue[Line | None] = queue.Queue(BACKLOG)

    def pump(one: Container) -> None:
        try:
            for line in read(host, one, num, follow=True):
                lines.put(line)
        except DokkupyError as error:
            host.out.warn(f"The output of {one.name} ended: {error.message}")
        finally:
            lines.put(None)

    for one in containers:
        threading.Thread(target=pump, args=(one,), daemon=True, name=f"logs {one.name}").start()
    left = len(containers)
    while left and not reader_left(1):
        try:
            line = lines.get(timeout=LOOK)
        except queue.Empty:
            continue
        if line is None:
            left -= 1
        else:
            yield line
