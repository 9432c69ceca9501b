"""A drain: one thread reads an app's lines, one the stored lines of its one-off containers, one sends the waiting
lines."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Instance
from dokkupy_sdk.times import stamp_of

from dokkupy_logs.drain import state as states
from dokkupy_logs.drain.buffer import Buffer
from dokkupy_logs.drain.dsn import parse_dsn
from dokkupy_logs.drain.sinks import SINKS, Refused
from dokkupy_logs.drain.wanted import Wanted, guard_for
from dokkupy_logs.kept import kept_files
from dokkupy_logs.lines import Line

LINES, BYTES = 500, 1024 * 1024
"""Maximum size of a batch."""

LONGEST_PAUSE = 30
LOOK = 5
"""Seconds between checks for ended one-off containers, and before another try after an error of the engine."""

EVENT_SECONDS = 60


class Drain:
    def __init__(self, host: Host, wanted: Wanted) -> None:
        self.host, self.wanted, self.app = host, wanted, wanted.app
        self.dsn = parse_dsn(wanted.text)
        self.state = states.load(host, self.app, wanted.name)
        digest = states.digest_of(wanted.text)
        if self.state.sink != digest:  # a new receiver gets only lines from now on
            self.state = states.State(sink=digest, kept=time.time_ns())
        self.before = self.announced = self.state.dropped
        self.event_at = float(-EVENT_SECONDS)
        self.buffer = Buffer()
        self.over = threading.Event()

    def start(self) -> None:
        reads = [self.read_kept, *([self.read_live] if "deploy" in self.wanted.kinds else [])]
        for number, work in enumerate((self.send, *reads)):
            threading.Thread(target=work, daemon=True, name=f"drain {self.app} {number}").start()

    # reading

    def serving(self) -> Sequence[Instance]:
        from dokkupy_apps.releases.records import current

        return current(self.host, self.app)[1] if self.host.store.has_app(self.app) else ()

    def read_live(self) -> None:
        from dokkupy_logs.follow import follow
        from dokkupy_logs.past import Past, Query, live_instances

        while not self.over.is_set():
            try:
                since = self.state.at
                past = Past(
                    self.host, self.app, Query(num=None, since=since), live_instances(self.host, self.serving())
                )
                if since:
                    for line in past.lines():
                        if line.at > since:
                            self.buffer.put_when_free(line, is_over=self.over)
                begin = stamp_of(datetime.now(UTC))
                seen = {one.id: past.seen.get(one.id) or since or begin for one in past.live}
                for line in follow(self.host, self.serving, seen, gone=self.over.is_set):
                    self.buffer.put(line)
            except DokkupyError as error:
                self.state.error = error.message
                self.over.wait(LOOK)

    def read_kept(self) -> None:
        """Read the lines of one-off containers after the containers ended and their lines were stored."""
        while not self.over.wait(LOOK):
            for one in kept_files(self.host, self.app):
                changed = modified(one.path)
                if one.kind == "deploy" or one.kind not in self.wanted.kinds or changed <= self.state.kept:
                    continue
                for line in one.lines():
                    self.buffer.put_when_free(line, is_over=self.over)
                self.state.kept = max(self.state.kept, changed)

    # sending

    def send(self) -> None:
        sink = SINKS[self.dsn.kind](
            self.dsn, partial(guard_for, self.host, is_global=self.wanted.is_global), str(self.app)
        )
        while not self.over.is_set():
            lines = self.buffer.take(LINES, BYTES, timeout=1.0)
            pause = 1
            while lines and not self.over.is_set():
                try:
                    sink.send(lines)
                except Refused as error:
                    self.state.error = str(error)
                    self.buffer.drop(len(lines))
                    break
                except (OSError, ValueError, DokkupyError) as error:
                    self.state.error = getattr(error, "message", "") or str(error) or type(error).__name__
                    self.over.wait(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                else:
                    self.sent(lines)
                    break
        sink.close()

    def sent(self, lines: Sequence[Line]) -> None:
        self.state.sent += len(lines)
        self.state.at = max(self.state.at, *(line.at for line in lines))
        self.state.error = ""

    # its state

    def save(self) -> None:
        """Save the state, and at most once a minute an event about dropped lines."""
        dropped = self.before + self.buffer.dropped
        if dropped > self.state.dropped:
            self.state.dropped_at = time.time()
        self.state.dropped = dropped
        states.save(self.host, self.app, self.wanted.name, self.state)
        if dropped > self.announced and time.monotonic() - self.event_at >= EVENT_SECONDS:
            self.host.events.record(
                "log_lines_dropped",
                app=str(self.app),
                count=str(dropped - self.announced),
                sink=self.dsn.kind,
                target=self.dsn.target,
                reason=self.state.error,
            )
            self.announced, self.event_at = dropped, time.monotonic()


def modified(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return 0
