"""The types of what commands answer with `--json`, from which the published schema is made.

A plugin declares those of its commands in its module `answers`: `ANSWERS` has a type for each command by its name,
`apps:list`, or `*:list` for a command that several namespaces share. A type is a `TypedDict` with fields in snake case, a list
or map of them, or a plain type. Nothing but `--json`, `--format yaml|csv|table` and the documentation loads it.
A text where a list is declared is split: at blanks, or for `Commas` at commas. A number, boolean or time that a report lacks is null.
Facts of a report that are not properties have their types in `REPORTS`, by the report's name and the fact's, which may have a `*`.
A command that returns None answers `Done`, one that returns an exit status `Ended`, and a dry run `DryRun`.
"""

from typing import Annotated, Any, NotRequired, TypedDict

Commas = Annotated[list[str], ","]
"""A list whose text has commas between its elements."""

Epoch = Annotated[str | None, "epoch"]
"""A time in UTC, such as `2026-01-31T12:00:00Z`, whose text is in seconds since the epoch."""

Time = Annotated[str | None, "time"]
"""A time in UTC; null for none."""


class Done(TypedDict):
    """What a command answers that only does something. app: null if it is about no app."""

    command: str
    app: str | None
    dry_run: bool
    status: int


class Ended(TypedDict):
    """How a command ended whose output is a program's."""

    command: str
    status: int


class Change(TypedDict):
    """What changes in a file of the state. change: `+`, `-` or `~`. before, after: null for secrets, and where there is
    none."""

    file: str
    key: str
    change: str
    before: str | None
    after: str | None


class DryRun(TypedDict):
    """What a command would do. changes: the differences; plan: the steps."""

    command: str
    app: str | None
    dry_run: bool
    status: int
    plan: list[str]
    changes: list[Change]


class Each(TypedDict):
    """What became of one app. status: done or failed; message: why it failed; hint: its cause, and what to do."""

    app: str
    status: str
    message: NotRequired[str]
    hint: NotRequired[str]


class App(TypedDict):
    """The app that was changed."""

    app: str


class Service(TypedDict):
    """The service that was changed."""

    service: str


class CommandRow(TypedDict):
    """A command of the help."""

    command: str
    help: str
    section: NotRequired[str]
    usage: NotRequired[str]


class Report(TypedDict):
    """A report of a namespace's properties: its keys without the namespace's prefix. The schema lists them by namespace."""


class Version(TypedDict):
    dokkupy: str
    dokku: str


ANSWERS: dict[str, Any] = {"help": list[CommandRow], "help:command": list[CommandRow], "version": Version}

__all__ = [
    *("App", "Change", "CommandRow", "Commas", "Done", "DryRun", "Each", "Ended", "Epoch", "Report", "Service", "Time"),
]
