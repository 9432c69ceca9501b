"""The properties of the namespace `cron`."""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import shown
from dokkupy_sdk.settings import Property, Settings, boolean, integer, one_of

DAY = "86400"
NO_MAIL = "no plugin sends mail; a task that fails is an event and calls the hook on_cron_finished"


def zone(text: str) -> str:
    from dokkupy_cron.schedule.clock import zone_named

    try:
        zone_named(text)
    except LookupError:
        raise UserError(
            f"{shown(text)} is not a time zone of this host", hint="Give a name such as Europe/Berlin or UTC."
        ) from None
    return text


SETTINGS = Settings(
    "cron",
    Property("maintenance", "false", help="Whether scheduled runs are suspended", parse=boolean),
    Property("mailto", scope="global", help="Recipient of mails about tasks", inert=NO_MAIL),
    Property("mailfrom", scope="global", help="The sender of mails about tasks", inert=NO_MAIL),
    Property("timezone", help="Time zone of the schedules, such as Europe/Berlin; the host's if not set", parse=zone),
    Property("time-limit", DAY, help="Maximum duration of a run, in seconds", parse=integer(1, 31 * 86400)),
    Property(
        "missed",
        "skip",
        help="What to do with scheduled runs that were missed while the host was down: skip them, or "
        "run once for all of them",
        parse=one_of("run", "skip"),
    ),
    Property("history", "50", help="Number of runs of each task to keep in its history", parse=integer(1, 1000)),
)

BEYOND = ("timezone", "time-limit", "missed", "history")
"""The properties that Dokku does not have."""
