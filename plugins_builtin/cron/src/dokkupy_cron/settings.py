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
            f"{shown(text)} is not a time zone of this host", hint="Such as Europe/Berlin, or UTC."
        ) from None
    return text


SETTINGS = Settings(
    "cron",
    Property("maintenance", "false", help="Whether no task starts by its schedule", parse=boolean),
    Property("mailto", scope="global", help="Where mails about tasks go", inert=NO_MAIL),
    Property("mailfrom", scope="global", help="The sender of mails about tasks", inert=NO_MAIL),
    Property("timezone", help="Time zone of the schedules, such as Europe/Berlin; the host's if not set", parse=zone),
    Property("time-limit", DAY, help="Seconds after which a task is ended", parse=integer(1, 31 * 86400)),
    Property(
        "missed",
        "skip",
        help="What happens to firings that passed while the host was down: skip, or run for one run in place of all",
        parse=one_of("run", "skip"),
    ),
    Property("history", "50", help="Runs of each task that are kept in its history", parse=integer(1, 1000)),
)

BEYOND = ("timezone", "time-limit", "missed", "history")
"""Those that Dokku does not have."""
