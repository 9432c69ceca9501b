"""Transactions: the steps of an operation, each journalled with what undoes it, and the commit.

What undoes a step is *data* (a `Call`: a function's import path and JSON arguments), so that a fresh process can undo
what a killed one began. The kernel does not know what else a host has: a transaction is generic in it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from dokkupy.errors import AppError, StateError, UserError, as_errors
from dokkupy.kernel.failpoints import failpoint
from dokkupy.kernel.files import link_over, make_directory, sync_directory
from dokkupy.kernel.journal import Journal
from dokkupy.kernel.session import Session
from dokkupy.kernel.signals import signals_ignored
from dokkupy.kernel.store import forget_file

H = TypeVar("H", bound=Session)
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A function call as data: `module:function` and JSON arguments; called as `function(host, **arguments)`."""

    function: str
    arguments: dict[str, Any]

    def run(self, host: Session) -> None:
        module, _, name = self.function.partition(":")
        getattr(import_module(module), name)(host, **self.arguments)

    def as_json(self) -> dict[str, Any]:
        return {"call": self.function, "arguments": self.arguments}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Call:
        return cls(value["call"], value["arguments"])


def call(function: Callable[Concatenate[H, P], None], *args: P.args, **kwargs: P.kwargs) -> Call:
    """The call of a module-level function as data. The function must be idempotent; give arguments by keyword."""
    if args:
        raise TypeError("arguments of a journalled call are given by keyword")
    return Call(f"{function.__module__}:{function.__qualname__}", dict(kwargs))


class Transaction(Generic[H]):
    """A running operation, as use cases, roles and hooks see it."""

    def __init__(self, host: H, journal: Journal, verb: str, subject: str) -> None:
        self.host = host
        self.id = journal.id
        self.verb = verb
        self.subject = subject
        self._journal = journal
        self._undo: list[tuple[str, Call]] = []
        self._after: list[Call] = []
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

    def save(self, record: object, *keys: str | None) -> None:
        """Write the record of these keys (`Store.find`); undone by bringing the old file back."""
        from dokkupy.model.record import encode, place_of

        self.write(*place_of(type(record), keys), data=encode(record))

    def remove(self, kind: type, *keys: str | None) -> None:
        """Delete the record of these keys; undone by bringing its file back."""
        from dokkupy.model.record import place_of

        self.delete(*place_of(kind, keys))

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

    def follow(self, *calls: Call) -> None:
        """Idempotent calls that follow the commit, if need be in another process. The transaction's owner commits."""
        self._after.extend(calls)

    def commit(self, after: tuple[Call, ...] = ()) -> None:
        """The point of no return, for the function that opened the transaction. after: calls that `follow` the others."""
        after = (*self._after, *after)
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
            self.host.out.warn(f"{self.verb} is done, but a step after it failed and will be retried: {reason}")

    def undo(self) -> list[BaseException]:
        return run_undo(self.host, self._journal, self.verb, list(enumerate(self._undo)))


def run_undo(
    host: Session, journal: Journal, verb: str, steps: list[tuple[int, tuple[str, Call]]]
) -> list[BaseException]:
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
            host.out.warn(f"{verb} was undone except for one step ({name}): {error.message}")
        except Exception as error:
            failures.append(error)
            continue
        undone.append(number)
    if failures:
        journal.note_undone(undone)
    return failures


def run_after(host: Session, verb: str, calls: list[Call]) -> None:
    """What follows the commit cannot undo it. Raises what fails: a warning for who commits; `recover` tries again."""
    for entry in calls:
        entry.run(host)
        failpoint(f"{verb}: after {entry.function.rpartition(':')[2]}")


def restore_file(host: Session, path: str, backup: str) -> None:
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
