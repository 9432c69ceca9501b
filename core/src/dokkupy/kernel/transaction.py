"""Transactions: the steps of an operation, each journalled with what undoes it, and the commit.

What undoes a step is *data* (a `Call`: a function's import path and JSON arguments), so that another process can undo
what a killed one began. A transaction is generic in its host, because the kernel does not know the roles of a host.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from dokkupy.errors import AppError, StateError, UserError, messages
from dokkupy.kernel.failpoints import failpoint
from dokkupy.kernel.files import link_over, make_directory, sync_directory
from dokkupy.kernel.journal import Journal
from dokkupy.kernel.session import Session
from dokkupy.kernel.signals import signals_ignored
from dokkupy.kernel.store import forget_file
from dokkupy.model.record import encode, path_of
from dokkupy.model.values import dataclass

H = TypeVar("H", bound=Session)
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A function call as data: `module:function` and JSON arguments. It is called as `function(host, **arguments)`."""

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
    """The call of an idempotent, module-level function as data. Its parameters after the host are keyword-only (`*`)."""
    if args:
        raise TypeError(f"call({function.__qualname__}, ...): pass arguments by keyword; the journal keeps names")
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
        """Whether a call after the commit is still to be done. The journal then stays open."""

    def step(
        self,
        name: str,
        do: Callable[[], T],
        *,
        undo: Call | None = None,
        planned: T | None = None,
        is_detail: bool = False,
    ) -> T:
        """Do a step. Its undo is journalled first, so it must also undo a step that was interrupted halfway.

        name: an imperative phrase, which a dry run prints. planned: what a dry run returns instead of the result. is_detail:
        the dry run prints it only with `--verbose`, because another line says what it is for.
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
        """Register an undo without a step, for code that does its work itself (a role that creates several things)."""
        self.step(name, lambda: None, undo=undo)

    def describe_plan(self, *lines: str) -> None:
        """Add to the plan of a dry run what is not a step, such as what follows the commit. Otherwise does nothing."""

    def save(self, record: object, *keys: str | None) -> None:
        """Write the record of these keys (`Store.find`). The undo restores the old file."""
        self._change(type(record), keys, encode(record))

    def remove(self, kind: type, *keys: str | None) -> None:
        """Delete the record of these keys. The undo restores its file."""
        self._change(kind, keys, None)

    def _change(self, kind: type, keys: tuple[str | None, ...], data: dict[str, Any] | None) -> None:
        parts = path_of(kind, keys)
        path = self.host.store.path(*parts)
        undo = call(restore_file, path=path, backup=self._journal.keep(path))
        verb = "delete" if data is None else "write"
        self.step(f"{verb} {'/'.join(parts)}", lambda: self.host.store.change(parts, data), undo=undo)

    def follow(self, *calls: Call) -> None:
        """Add idempotent calls that follow the commit, if necessary in another process. The transaction's owner commits."""
        self._after.extend(calls)

    def commit(self, after: tuple[Call, ...] = ()) -> None:
        """Commit: the point of no return. Only the function that opened the transaction calls it. after: more calls that
        follow the commit (`follow`)."""
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
            reason = "; ".join(messages(error))
            self.host.out.warn(f"{self.verb} is done, but a step after it failed and will be retried: {reason}")

    def undo(self) -> list[BaseException]:
        return run_undo(self.host, self._journal, self.verb, list(enumerate(self._undo)))


def run_undo(
    host: Session, journal: Journal, verb: str, steps: list[tuple[int, tuple[str, Call]]]
) -> list[BaseException]:
    """Undo steps, last in first out. A failed undo does not stop the others.

    Each undone step is journalled, because a later attempt must not undo it again over newer changes. An undo that fails
    because of the app or the input is only a warning, because another attempt would fail in the same way.
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
    """Run the calls that follow the commit, which stays in force. Raises their failures; for `commit` they are warnings,
    because `recover` tries again."""
    for entry in calls:
        entry.run(host)
        failpoint(f"{verb}: after {entry.function.rpartition(':')[2]}")


def restore_file(host: Session, *, path: str, backup: str) -> None:
    """Restore a state file from its backup. An empty `backup` means that there was no file."""
    if not path.startswith(host.root + os.sep):
        raise StateError(f"{path} is not a state file")
    if backup and os.path.exists(backup):
        make_directory(os.path.dirname(path))
        link_over(backup, path, path + ".undo.tmp")
    elif not backup:
        forget_file(path)
    if os.path.isdir(os.path.dirname(path)):
        sync_directory(os.path.dirname(path))
