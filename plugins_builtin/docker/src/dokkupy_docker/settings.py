"""The properties of `scheduler` and `scheduler-docker-local`."""

from __future__ import annotations

from dokkupy_sdk.settings import Property, Settings, boolean, integer, matching

SCHEDULER = Settings(
    "scheduler",
    Property(
        "selected",
        "docker-local",
        help="The scheduler that runs the app",
        parse=matching(r"[a-z][a-z0-9-]*", "a scheduler's name"),
        role="scheduler",
    ),
    Property(
        "shell",
        "/bin/sh",
        help="The shell of the image that runs commands",
        parse=matching(r"/[A-Za-z0-9._/-]+", "an absolute path"),
        in_release=True,
    ),
)

LOCAL = Settings(
    "scheduler-docker-local",
    Property(
        "init-process",
        "true",
        help="Whether an init process reaps and passes signals on",
        parse=boolean,
        in_release=True,
    ),
    Property("parallel-schedule-count", "4", help="Instances that start at the same time", parse=integer(1, 64)),
)
