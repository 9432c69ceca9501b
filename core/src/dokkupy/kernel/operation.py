"""Operations: how a change becomes true, or does not happen at all.

An operation takes the lock of what it changes, journals each step before and after it, and ends `done` or `undone`.
What undoes a step is *data* (a `Call`: a function's import path and JSON arguments), so that a fresh process can undo
what a killed one began:

* before the commit, an exception, a signal or a crash undoes the steps, last in first out;
* the commit is the point of no return: `tx.commit()`, or the end of the `with operation(...)` block. The calls that
  it is given (`after`) are finished even by a later process.

Journal: one file per operation, a JSON object a line, in `journal/open/` while unfinished and in `journal/closed/`
for a while after. Intents are fsynced before the step runs.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Concatenate, ParamSpec, TypeVar

from dokkupy.errors import AppError, Busy, DokkupyError, Interrupted, StateError, UserError
from dokkupy.kernel.failpoints import failpoint
from dokkupy.kernel.files import link_over, make_directory, sync_directory
from dokkupy.kernel.host import Host
from dokkupy.kernel.journal import Journal, new_id, prune_closed, read_journal
from dokkupy.kernel.store import forget_file

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A function call as data: `module:function` and JSON arguments; called as `function(host, **arguments)`."""

    function: str
    arguments: dict[str, Any]

    def run(self, host: Host) -> None:
        module, _, name = self.function.partition(":")
        getattr(import_module(module), name)(host, **self.arguments)

    def as_json(self) -> dict[str, Any]:
        return {"call": self.function, "arguments": self.arguments}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Call:
        return cls(value["call"], value["arguments"])


def call(function: Callable[Concatenate[Host, P], None], *args: P.args, **kwargs: P.kwargs) -> Call:
    """The call of a module-level function as data. The function must be idempotent; give arguments by keyword."""
    if args:
        raise TypeError("arguments of a journalled call are given by keyword")
    return Call(f"{function.__module__}:{function.__qualname__}", dict(kwargs))


class Transaction:
    """A running operation, as usecases, roles and hooks see it."""

    def __init__(self, host: Host, journal: Journal, verb: str, subject: str) -> None:
        self.host = host
        self.id = journal.id
        self.verb = verb
        self.subject = subject
        self._journal = journal
        self._undo: list[tuple[str, Call]] = []
        self.committed = False
        self.left_over = False
        """Whether something that follows the commit is still to be done; the journal stays open then."""

    def step(self, name: str, do: Callable[[], T], *, undo: Call | None = None, planned: T | None = None) -> T:
        """Do a step. Its undo is journalled before it begins, so it must also undo a step that was half done.

        name: an imperative phrase; a dry run prints it. planned: what a dry run goes on with in place of the result.
        """
        if self.committed:
            raise RuntimeError(f"step {name!r} after the commit of {self.verb}")
        self.host.out.proceed()
        self.host.out.debug(f"{self.verb}: {name}")
        if undo is not None:
            self._journal.write({"type": "step", "name": name, "undo": undo.as_json()}, sync=True)
            self._undo.append((name, undo))
        failpoint(f"{self.verb}: before {name}")
        result = do()
        failpoint(f"{self.verb}: after {name}")
        return result

    def register_undo(self, name: str, undo: Call) -> None:
        """Register what to undo, for a step that does itself (a role that creates several things)."""
        self.step(name, lambda: None, undo=undo)

    def describe_plan(self, *lines: str) -> None:
        """Say to a dry run, and to nobody else, what follows that is not a step: what happens after the commit."""

    def write(self, *parts: str, data: dict[str, Any]) -> None:
        """Write a state file; undone by bringing the old content back."""
        store = self.host.store
        path = store.path(*parts)
        backup = self._journal.keep(path)
        self.step(
            f"write {'/'.join(parts)}",
            lambda: store.write(*parts, data=data),
            undo=call(restore_file, path=path, backup=backup),
        )

    def delete(self, *parts: str) -> None:
        """Delete a state file; undone by bringing it back."""
        store = self.host.store
        path = store.path(*parts)
        backup = self._journal.keep(path)
        self.step(
            f"delete {'/'.join(parts)}",
            lambda: store.delete(*parts),
            undo=call(restore_file, path=path, backup=backup),
        )

    def commit(self, after: tuple[Call, ...] = ()) -> None:
        """The point of no return. `after` are idempotent calls that follow, if need be in another process."""
        failpoint(f"{self.verb}: before commit")
        self._journal.write({"type": "commit", "after": [entry.as_json() for entry in after]}, sync=True)
        self.committed = True
        try:
            with signals_ignored():
                failpoint(f"{self.verb}: after commit")
                run_after(self.host, self.verb, list(after))
        except Exception as error:
            self.left_over = True
            reason = "; ".join(one.message for one in as_errors(error)) or f"{type(error).__name__}: {error}"
            self.host.out.warn(f"{self.verb} is done, but a step after it failed and will be tried again: {reason}")

    def undo(self) -> list[BaseException]:
        return run_undo(self.host, self._journal, self.verb, list(enumerate(self._undo)))


def run_undo(host: Host, journal: Journal, verb: str, steps: list[tuple[int, tuple[str, Call]]]) -> list[BaseException]:
    """Undo last in first out; one that fails does not stop the others.

    What is undone is journalled, so that a later attempt does not undo it again over what was done meanwhile. What the
    app's own fault or input prevents is a warning: another attempt would end alike, and what was there stays.
    """
    failures: list[BaseException] = []
    undone: list[int] = []
    for number, (name, undo) in reversed(steps):
        try:
            host.out.debug(f"{verb}: undo {name}")
            undo.run(host)
        except (AppError, UserError) as error:
            host.out.warn(f"{verb} is undone except for one step ({name}): {error.message}")
        except Exception as error:
            failures.append(error)
            continue
        undone.append(number)
    if failures:
        journal.note_undone(undone)
    return failures


def run_after(host: Host, verb: str, calls: list[Call]) -> None:
    """What follows the commit cannot undo it. Raises what fails: a warning for who commits; `recover` tries again."""
    for entry in calls:
        entry.run(host)
        failpoint(f"{verb}: after {entry.function.rpartition(':')[2]}")


def restore_file(host: Host, path: str, backup: str) -> None:
    """Bring a state file's content back from its backup; an empty backup means that there was no file."""
    if not path.startswith(host.root + os.sep):
        raise StateError(f"{path} is not a state file")
    if backup and os.path.exists(backup):
        make_directory(os.path.dirname(path))
        link_over(backup, path, path + ".undo.tmp")
    elif not backup:
        forget_file(path)
    if os.path.isdir(os.path.dirname(path)):
        sync_directory(os.path.dirname(path))


@contextmanager
def operation(
    host: Host, verb: str, subject: str, *, wait: float = 30.0, also: tuple[str, ...] = (), takes_away: bool = False
) -> Iterator[Transaction]:
    """Run an operation on a subject (`app:NAME`, `host`).

    The end of the block commits, unless the block did so itself with `tx.commit()`, which it does where calls follow
    the commit. An exception before the commit rolls back, whichever it is; one after it leaves the commit in force.

    Raises Busy when the subject's lock is not given back within `wait` seconds. What an earlier process left
    unfinished on the subject is finished or undone first. also: further subjects that it changes (a rename).
    takes_away: it is a way out (unset, remove, destroy), so that what cannot be finished or undone does not stop it.
    """
    if host.dry_run:
        from dokkupy.kernel.dry_run import DryRunTransaction

        yield DryRunTransaction(host, verb, subject)
        return
    acquired = []
    try:
        # In one order, so that two who want the same subjects do not wait for each other.
        for one in sorted({subject, *also}):
            acquired.append(host.lock(one, wait=wait, command=host.command or verb))
        for one in (subject, *also):
            recover_subject(host, one, held=(subject, *also), goes_on=takes_away)
        journal = Journal(host.root, new_id())
        journal.begin(
            {
                "id": journal.id,
                "verb": verb,
                "subject": subject,
                "also": also,
                "pid": os.getpid(),
                "who": host.who,
            }
        )
        tx = Transaction(host, journal, verb, subject)
        with signals_as_exceptions():
            yield from _run(host, tx, journal)
        host.out.proceed()
    finally:
        host.out.retract()
        for lock in acquired:
            lock.release()


def _run(host: Host, tx: Transaction, journal: Journal) -> Iterator[Transaction]:
    try:
        yield tx
        if not tx.committed:
            tx.commit()
        if not tx.left_over:
            journal.close("done")
    except BaseException as error:
        with signals_ignored():
            if tx.committed:
                # What is left to do is in the journal; the next command or the timer does it.
                raise
            failures = tx.undo()
            if failures:
                # Leave the journal open: recover will try again.
                raise BaseExceptionGroup(f"{tx.verb} failed and was not fully undone", [error, *failures]) from error
            journal.close("undone", type(error).__name__)
        raise
    finally:
        prune_closed(journal.closed_directory)


def unfinished(host: Host, subject: str = "") -> list[tuple[str, list[dict[str, Any]]]]:
    """(id, entries) of the journals that are open, of one subject or all, oldest first."""
    directory = os.path.join(host.root, "journal", "open")
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return []
    found = []
    for name in names:
        try:
            entries = read_journal(os.path.join(directory, name))
        except FileNotFoundError:
            continue  # an operation of another process has ended since
        if not subject or not entries or subject in subjects_of(entries):
            found.append((name.removesuffix(".jsonl"), entries))
    return found


def subjects_of(entries: list[dict[str, Any]]) -> tuple[str, ...]:
    return (str(entries[0].get("subject")), *entries[0].get("also", ()))


def recover_subject(host: Host, subject: str, *, held: tuple[str, ...] = (), goes_on: bool = False) -> list[str]:
    """Finish or undo what dead processes left unfinished on a subject, whose lock the caller holds (held: and those).

    Returns a line per operation. Raises when an undo fails: the journal then stays open. Raises Busy when somebody
    works on another subject of an operation. goes_on: that is a warning instead.
    """
    lines = []
    for identifier, entries in unfinished(host, subject):
        others = [one for one in subjects_of(entries) if one not in (subject, *held)] if entries else []
        acquired = [host.lock(one, wait=5, command=host.command or "recover") for one in others]
        try:
            lines += recover_operation(host, subject, identifier)
        except Exception as error:
            if not goes_on or isinstance(error, Interrupted | Busy):
                raise
            for text in messages(error):
                host.out.warn(f"An earlier operation is still unfinished and will be tried again: {text}")
        finally:
            for lock in acquired:
                lock.release()
    return lines


def recover_operation(host: Host, subject: str, identifier: str) -> list[str]:
    journal = Journal(host.root, identifier)
    try:
        # Read again, now that all locks are held: whoever had them may have dealt with it.
        entries = read_journal(journal.path)
    except FileNotFoundError:
        return []
    if not entries:  # died before the first line was whole: nothing was done
        journal.close("undone")
        return []
    verb = str(entries[0].get("verb"))
    commits = [entry for entry in entries if entry["type"] == "commit"]
    if commits:
        run_after(host, verb, [Call.from_json(entry) for entry in commits[0]["after"]])
        outcome = "finished"
    else:
        steps = [(entry["name"], Call.from_json(entry["undo"])) for entry in entries if entry["type"] == "step"]
        undone = {number for entry in entries if entry["type"] == "undone" for number in entry["steps"]}
        left = [(number, step) for number, step in enumerate(steps) if number not in undone]
        failures = run_undo(host, journal, verb, left)
        if failures:
            raise BaseExceptionGroup(f"{verb} of {subject} could not be undone", failures)
        outcome = "rolled back"
    journal.close("done" if commits else "undone", "recovered")
    host.events.record("recovered", subject=subject, verb=verb, outcome=outcome)
    return [f"{verb} of {subject} was interrupted and is {outcome}"]


class SignalReceived(Interrupted):
    """A signal told the process to end."""


@contextmanager
def signals_as_exceptions() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP raise SignalReceived, so that the operation is undone."""

    def handle(number: int, _frame: object) -> None:
        name = signal.Signals(number).name
        raise SignalReceived(f"Interrupted by {name}; the operation was rolled back", exit_code=128 + number)

    with handlers(handle):
        yield


@contextmanager
def signals_ignored() -> Iterator[None]:
    """While undoing, a second Ctrl-C or a dropped connection must not leave things half done."""
    with handlers(signal.SIG_IGN):
        yield


@contextmanager
def handlers(handler: Any) -> Iterator[None]:
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def as_errors(error: BaseException) -> list[DokkupyError]:
    """The dokkupy errors in an exception or a group of them, first cause first."""
    if isinstance(error, DokkupyError):
        return [error]
    if isinstance(error, BaseExceptionGroup):
        return [found for part in error.exceptions for found in as_errors(part)]
    return []


def messages(error: BaseException) -> list[str]:
    """What an error or a group of them says. An undo may fail with anything."""
    if isinstance(error, BaseExceptionGroup):
        return [text for part in error.exceptions for text in messages(part)]
    return [error.message if isinstance(error, DokkupyError) else f"{type(error).__name__}: {error}"]


def forget_unfinished(host: Host, subject: str, *, but: str) -> None:
    """Close what is unfinished on a subject that is gone; an operation on others besides is left to `recover`."""
    for identifier, entries in unfinished(host, subject):
        if identifier != but and entries and subjects_of(entries) == (subject,):
            Journal(host.root, identifier).close("undone", "the subject is gone")
