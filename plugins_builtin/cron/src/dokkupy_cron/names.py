"""Types of the commands' arguments, which validate them. Without dataclasses, because every command imports them."""

from __future__ import annotations

from dokkupy_sdk.names import Identifier, Pattern


class TaskId(Identifier):
    """The id of a task. The app precedes it on the command line."""

    __slots__ = ()
    what = "Cron ID"
    rule = "may only contain lowercase letters, digits and hyphens, as in the output of `cron:list`"
    pattern = Pattern(r"[a-z0-9][a-z0-9-]*")
    max_length = 63


class RunId(Identifier):
    """The id of a run, as `cron:run --detach` prints it."""

    __slots__ = ()
    what = "Run"
    rule = "is the id of a run, as `cron:history --format json` shows it"
    pattern = Pattern(r"[0-9a-f]+(-[0-9a-f]+)?")
    max_length = 40
