"""What the arguments of these commands may be, parsed at the border. Light: no dataclasses."""

from __future__ import annotations

from dokkupy_sdk.names import Identifier, Pattern


class TaskId(Identifier):
    """The id of a task of the app that is named before it."""

    __slots__ = ()
    what = "Cron ID"
    rule = "may only contain lowercase letters, digits and hyphens, as `cron:list` shows it"
    pattern = Pattern(r"[a-z0-9][a-z0-9-]*")
    max_length = 63
