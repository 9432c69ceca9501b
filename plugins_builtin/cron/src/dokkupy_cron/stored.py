"""The records: how far each schedule was examined, what runs now, what ended, and when something is due next.

An app's records are in its directory, so that they move with a rename and are removed with the app. None instead of an
app means the host.
"""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.records import Record

from dokkupy_cron.schedule.firing import Progress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy_sdk.host import Lock

    Subject = AppName | None

CLAIMED, STARTED = "claimed", "started"

LOCK_SECONDS = 30.0


class TaskState(Record):
    """served: first and last firing of each span, one after the other (`firing.Progress`). paused: its firings pass."""

    cursor: int
    served: tuple[int, ...] = ()
    paused: bool = False

    def progress(self) -> Progress:
        return Progress(self.cursor, tuple(zip(self.served[::2], self.served[1::2], strict=True)))

    def follow(self, progress: Progress) -> TaskState:
        return self.replace(cursor=progress.cursor, served=tuple(one for span in progress.served for one in span))


class OpenRun(Record):
    """A run that has not ended. phase: claimed, when its container was not started yet; started, from just before that on.
    firing: epoch seconds, 0 for one that somebody asked for. began: epoch seconds; running: the same on the clock that
    only goes on. limit: seconds. ends: why it is being ended."""

    id: str
    task: str
    phase: str = CLAIMED
    why: str = "schedule"
    firing: int = 0
    began: int = 0
    running: float = 0.0
    limit: int = 86400
    ends: str = ""


class CronFile(Record, file="apps/*/cron-state"):
    """Progress and runs are in one file, so that a firing counts as served exactly when its run is recorded."""

    tasks: Mapping[str, TaskState] = {}
    runs: tuple[OpenRun, ...] = ()

    def with_run(self, run: OpenRun) -> CronFile:
        return self.replace(runs=(*self.without_run(run).runs, run))

    def without_run(self, run: OpenRun) -> CronFile:
        return self.replace(runs=tuple(one for one in self.runs if one.id != run.id))


class IndexFile(Record, file="global/cron-index"):
    """What the timer reads each minute, instead of the records of all apps. next: subject -> when something is due,
    epoch seconds.
    open: the subjects with runs. seen: the host's clock when this was written. zone: the host's."""

    next: Mapping[str, int] = {}
    open: frozenset[str] = frozenset()
    seen: int = 0
    zone: str = ""


def subject_name(app: Subject) -> str:
    return f"app:{app}" if app is not None else "host"


def subject_of(name: str) -> Subject:
    return AppName(name.removeprefix("app:")) if name.startswith("app:") else None


def subject_lock(host: Host, app: Subject) -> Lock:
    """The lock that is held while a subject's record is changed and its runs are started and ended."""
    what = f"The scheduled tasks of {app or 'the host'}"
    return host.lock(f"cron:{subject_name(app)}", wait=LOCK_SECONDS, command=host.command or "cron", what=what)


def change_index(host: Host, name: str, due: int | None, is_open: bool, now: int, zone: str) -> None:
    """Record when a subject is due next; writes nothing if that is recorded already."""
    with host.lock("cron:index", wait=LOCK_SECONDS, command=host.command or "cron", what="The schedule of tasks"):
        index = host.store.load_derived(IndexFile)
        after = {key: moment for key, moment in index.next.items() if key != name}
        if due is not None:
            after[name] = due
        opened = index.open | {name} if is_open else index.open - {name}
        if (after, opened) != (dict(index.next), index.open) or now < index.seen:
            host.store.save(index.replace(next=after, open=opened, seen=now, zone=index.zone or zone))
