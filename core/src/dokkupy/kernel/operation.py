"""Operations: a change happens completely or not at all.

An operation locks what it changes, journals each step before and after it, and ends as `done` or `undone`:

* Before the commit, an exception, a signal or a crash undoes the steps, last in first out.
* The commit is the point of no return: `tx.commit()`, or the end of the `with operation(...)` block. The calls that
  follow it (`after`) are completed, if necessary by a later process.

The journal is one file per operation with a JSON object per line. It lies in `journal/open/` until the operation ends,
and then for a while in `journal/closed/`. A step's entry is fsynced before the step runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from dokkupy.errors import Busy, Interrupted, messages
from dokkupy.kernel.journal import Journal, new_id, prune_closed, read_journal
from dokkupy.kernel.session import Session
from dokkupy.kernel.signals import SignalReceived, signals_as_exceptions, signals_ignored
from dokkupy.kernel.transaction import Call, Transaction, run_after, run_undo

H = TypeVar("H", bound=Session)


@contextmanager
def operation(
    host: H, verb: str, subject: str, *, wait: float = 30.0, also: tuple[str, ...] = (), takes_away: bool = False
) -> Iterator[Transaction[H]]:
    """Run an operation on a subject (`app:NAME`, `host`).

    The end of the block commits, unless the block has called `tx.commit()`, as it does when calls follow the commit. Any
    exception before the commit rolls back; an exception after it changes nothing about the commit.

    Raises Busy when the subject's lock is not released within `wait` seconds. First, what an earlier process left
    unfinished on the subject is finished or undone. also: other subjects that it changes (a rename).
    takes_away: the operation removes something (unset, remove, destroy), so unfinished work that can be neither finished
    nor undone does not prevent it.
    """
    if host.dry_run:
        yield host._parts["transaction"](host, verb, subject)
        return
    acquired = []
    try:
        # Always in the same order, because two operations on the same subjects could otherwise deadlock.
        for one in sorted({subject, *also}):
            acquired.append(host.lock(one, wait=wait, command=host.command or verb))
        for one in (subject, *also):
            recover_subject(host, one, held=(subject, *also), goes_on=takes_away)
        journal = Journal(host.root, new_id())
        journal.begin(
            {"id": journal.id, "verb": verb, "subject": subject, "also": also, "pid": os.getpid(), "who": host.who}
        )
        tx = Transaction(host, journal, verb, subject)
        with signals_as_exceptions():
            yield from _run(host, tx, journal)
        host.out.proceed()
    finally:
        host.out.retract()
        for lock in acquired:
            lock.release()


def _run(host: H, tx: Transaction[H], journal: Journal) -> Iterator[Transaction[H]]:
    try:
        yield tx
        if not tx.committed:
            tx.commit()
        if not tx.left_over:
            journal.close("done")
    except BaseException as error:
        with signals_ignored():
            if isinstance(error, SignalReceived):
                error.message += f"; `{host.command or tx.verb}` {'took effect' if tx.committed else 'was rolled back'}"
            if tx.committed:
                raise  # the next command or the timer does the rest, which is in the journal
            failures = tx.undo()
            if failures:
                # The journal stays open, so that `recover` tries again.
                raise BaseExceptionGroup(f"{tx.verb} failed and was not fully undone", [error, *failures]) from error
            journal.close("undone", type(error).__name__)
        raise
    finally:
        prune_closed(journal.closed_directory)


def unfinished(host: Session, subject: str = "") -> list[tuple[str, list[dict[str, Any]]]]:
    """(id, entries) of the open journals of one subject or all, oldest first."""
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
            continue  # another process has just ended its operation
        if not subject or not entries or subject in subjects_of(entries):
            found.append((name.removesuffix(".jsonl"), entries))
    return found


def subjects_of(entries: list[dict[str, Any]]) -> tuple[str, ...]:
    return (str(entries[0].get("subject")), *entries[0].get("also", ()))


def recover_subject(host: Session, subject: str, *, held: tuple[str, ...] = (), goes_on: bool = False) -> list[str]:
    """Finish or undo what dead processes left unfinished on a subject. The caller holds its lock, and those in `held`.

    Returns a line per operation. Raises when an undo fails, and leaves the journal open. Raises Busy when another
    process is working on another subject of such an operation. goes_on: a failed undo is only a warning.
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
                host.out.warn(f"An earlier operation is unfinished and will be retried: {text}")
        finally:
            for lock in acquired:
                lock.release()
    return lines


def recover_operation(host: Session, subject: str, identifier: str) -> list[str]:
    journal = Journal(host.root, identifier)
    try:
        # Read it again now that all locks are held, because their last holder may have recovered it.
        entries = read_journal(journal.path)
    except FileNotFoundError:
        return []
    if not entries:  # the process died before the first line was complete, so nothing was done
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
