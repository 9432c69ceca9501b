"""The properties of `scheduler` and `scheduler-docker-local`."""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import shown
from dokkupy_sdk.settings import Applies, Property, Settings, boolean, integer, matching

SETUP = Applies("the next `dokkupy setup`, which root runs")
HIGHEST_PORT = 65535


def ports(text: str) -> str:
    """Ports and ranges of ports with commas: 22,8000-8099."""
    for one in text.split(","):
        numbers = one.split("-")
        if not (
            len(numbers) <= 2
            and all(number.isascii() and number.isdigit() and len(number) <= 5 for number in numbers)
            and 0 < int(numbers[0]) <= int(numbers[-1]) <= HIGHEST_PORT
        ):
            raise UserError(f"{shown(one)} is not a port or a range of ports, such as 22 or 8000-8099")
    return text


SCHEDULER = Settings(
    "scheduler",
    Property(
        "selected",
        "docker-local",
        help="Scheduler that runs the app",
        parse=matching(r"[a-z][a-z0-9-]*", "a scheduler's name"),
        role="scheduler",
    ),
    Property(
        "shell",
        "/bin/sh",
        help="Shell in the image that runs commands",
        parse=matching(r"/[A-Za-z0-9._/-]+", "an absolute path"),
        in_release=True,
    ),
)

LOCAL = Settings(
    "scheduler-docker-local",
    Property(
        "init-process",
        "true",
        help="Whether an init process runs as PID 1, which reaps processes and forwards signals",
        parse=boolean,
        in_release=True,
    ),
    Property(
        "parallel-schedule-count", "4", help="Number of instances that start at the same time", parse=integer(1, 64)
    ),
    Property(
        "host-ports",
        "",
        help="Host ports that apps may reach, besides DNS, HTTP and HTTPS, such as 22,8000-8099",
        parse=ports,
        scope="global",
        applies=SETUP,
    ),
)
