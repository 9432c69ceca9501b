"""The output up to now: stored lines and those of existing containers, merged by time, and never all in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.values import dataclass, field

from dokkupy_logs.kept import Kept, kept_files
from dokkupy_logs.lines import Line, by_time, parse_line, stamped, whole_seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dokkupy_sdk.model import Instance
    from dokkupy_sdk.roles import Container

FIRST = ""
"""The time of a source whose first line has no time; it sorts before all others."""

Source = tuple[str, Callable[[], Iterator[Line]]]
"""The time of its first line, and the function that opens it."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which lines to read. num: number of lines from the end of each instance; None: all. ps: only this process type,
    or type.N. since,
    until: stamps, with the first and without the second. grep: lines with this text. release: of this one."""

    num: int | None = 100
    ps: str = ""
    since: str = ""
    until: str = ""
    grep: bytes = b""
    release: int = 0

    @property
    def is_filtered(self) -> bool:
        return bool(self.since or self.until or self.grep)

    def has_dyno(self, kind: str, dyno: str) -> bool:
        """Without a process type, instances are meant, and of a release its tasks; other one-off containers are asked
        for by name."""
        if self.ps:
            return self.ps in (dyno, dyno.rpartition(".")[0])
        return kind == "deploy" or bool(self.release and kind == "task")

    def wants(self, line: Line) -> bool:
        return (
            (not self.since or line.at >= self.since)
            and (not self.until or line.at < self.until)
            and self.grep in line.text
        )

    def has_file(self, one: Kept) -> bool:
        return (
            self.has_dyno(one.kind, one.dyno)
            and one.last >= self.since
            and (not self.until or one.first < self.until)
            and self.release in (0, one.release)
        )


@dataclass(frozen=True, slots=True)
class Live:
    """An existing container. read: its lines; tail: only the last ones, since: epoch seconds."""

    id: str
    kind: str
    dyno: str
    release: int
    read: Callable[[int | None, int], Iterator[Line]]


@dataclass(slots=True)
class Past:
    """The answer to a query. seen: container -> the time of its last line that was read."""

    host: Host
    app: AppName
    query: Query
    live: Sequence[Live]
    seen: dict[str, str] = field(default_factory=dict)

    def lines(self) -> Iterator[Line]:
        """All lines by time; each source ends with its newest line."""
        wanted = [one for one in self.live if self.query.has_dyno(one.kind, one.dyno)]
        wanted = [one for one in wanted if self.query.release in (0, one.release)]
        opened = {one.id[:12]: (one.dyno, lines) for one in wanted if (lines := self.opened(one)) is not None}
        # Searched after the containers were opened, so that one that is removed meanwhile is in one of both.
        files = [one for one in kept_files(self.host, self.app) if self.query.has_file(one)]
        files = [one for one in files if one.container not in opened]
        if self.query.num is None:
            sources = [(FIRST, partial(iter, lines)) for _, lines in opened.values()]
            return filter(self.query.wants, by_time([*sources, *map(source_of, files)]))
        dynos = dict.fromkeys([*(dyno for dyno, _ in opened.values()), *(one.dyno for one in files)])
        last = [
            self.last_of(
                [lines for name, lines in opened.values() if name == dyno], [one for one in files if one.dyno == dyno]
            )
            for dyno in dynos
        ]
        return by_time((lines[0].at, partial(iter, lines)) for lines in last if lines)

    def opened(self, one: Live) -> Iterator[Line] | None:
        """The container's lines; None if it has none or was removed."""
        query = self.query
        tail = None if query.is_filtered else query.num
        lines = self.noted(one.id, one.read(tail, whole_seconds(query.since) if query.since else 0))
        first = next(lines, None)
        return chain([first], lines) if first is not None else None

    def noted(self, identifier: str, lines: Iterable[Line]) -> Iterator[Line]:
        for line in lines:
            self.seen[identifier] = max(line.at, self.seen.get(identifier, ""))
            yield line

    def last_of(self, opened: Sequence[Iterator[Line]], files: Sequence[Kept]) -> Sequence[Line]:
        """The last lines of one instance, over all the containers that it had."""
        num = self.query.num
        assert num is not None
        if self.query.is_filtered:
            return self.last_wanted(opened, files, num)
        there = [list(lines) for lines in opened]
        needed = newest(files, num - sum(map(len, there)), min((lines[0].at for lines in there), default=""))
        return deque(
            by_time([*((lines[0].at, partial(iter, lines)) for lines in there), *map(source_of, needed)]), maxlen=num
        )

    def last_wanted(self, opened: Sequence[Iterator[Line]], files: Sequence[Kept], num: int) -> Sequence[Line]:
        """The last lines that a filter lets through. Files are read from the newest on, until there are enough lines."""
        found = [deque(filter(self.query.wants, stamped(lines)), maxlen=num) for lines in opened]
        for one in sorted(files, key=lambda one: one.last, reverse=True):
            times = sorted((line.at for lines in found for line in lines), reverse=True)
            if len(times) >= num and (not num or one.last < times[num - 1]):
                break
            if one.mentions(self.query.grep):
                found.append(deque(filter(self.query.wants, one.lines()), maxlen=num))
        return deque(by_time((lines[0].at, partial(iter, lines)) for lines in found if lines), maxlen=num)


def source_of(one: Kept) -> Source:
    return one.first, one.lines


def newest(files: Iterable[Kept], num: int, oldest: str) -> list[Kept]:
    """The files that have the last `num` lines: enough of them, and those that overlap with these."""
    found: list[Kept] = []
    for one in sorted(files, key=lambda one: one.last, reverse=True):
        if num <= 0 and (not oldest or one.last < oldest):
            break
        found.append(one)
        num -= one.count
        oldest = min(oldest or one.first, one.first)
    return found


def live_instances(host: Host, instances: Iterable[Instance]) -> list[Live]:
    return [Live(one.id, "deploy", one.dyno, one.release, partial(read, host, one)) for one in instances]


def live_one_offs(host: Host, app: AppName, ps: str) -> list[Live]:
    """The one-off containers of a process type that no instance has: run, cron, release."""
    kind = {"release": "task"}.get(name := ps.partition(".")[0], name)
    if kind not in ("run", "cron", "task"):
        return []
    found = host.containers().find_all({"dokkupy.app": app, "dokkupy.kind": kind})
    return [
        Live(
            one.id,
            kind,
            one.labels.get("com.dokku.dyno", f"{kind}.1"),
            int(one.labels.get("dokkupy.release", "0")),
            partial(read_one_off, host, one),
        )
        for one in found
    ]


def read(host: Host, instance: Instance, tail: int | None, since: int, *, follow: bool = False) -> Iterator[Line]:
    """An instance's lines; none if it was removed."""
    try:
        for stream, data in host.instances(instance.app).logs(
            instance, tail=tail, follow=follow, timestamps=True, since=since
        ):
            yield parse_line(instance.dyno, stream, data)
    except DokkupyError:
        if host.instances(instance.app).status([instance])[0].state != "missing":
            raise


def read_one_off(host: Host, one: Container, tail: int | None, since: int) -> Iterator[Line]:
    dyno = one.labels.get("com.dokku.dyno", "run.1")
    try:
        for stream, data in host.sessions().logs(one.id, tail=tail, timestamps=True, since=since):
            yield parse_line(dyno, stream, data)
    except DokkupyError:
        if host.containers().find(one.id) is not None:
            raise
