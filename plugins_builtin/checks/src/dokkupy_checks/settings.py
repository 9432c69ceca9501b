"""The properties of the namespace `checks`.

How long a check waits is read when it runs, so a change applies to the next deploy or rollback.
"""

from __future__ import annotations

from dokkupy_sdk.names import ProcessType
from dokkupy_sdk.settings import NEXT_DEPLOY, Property, Settings, integer

ALL = "_all_"


def types(text: str) -> str:
    """A comma list of process types, or `_all_`."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if ALL in names:
        return ALL
    return ",".join(dict.fromkeys(str(ProcessType(name)) for name in names))


AUTO = "auto"
AUTO_SECONDS = 10.0
"""Dokku's default; `auto` never waits longer."""


def wait_or_auto(text: str) -> str:
    return AUTO if text == AUTO else integer(0, 3600)(text)


SETTINGS = Settings(
    "checks",
    Property(
        "wait-to-retire",
        "60",
        help="Seconds that old web instances have after a switch to finish their connections; idle ones stop at once",
        parse=integer(0, 86400),
        in_release=True,
        applies=NEXT_DEPLOY,
    ),
    Property(
        "default-wait",
        AUTO,
        parse=wait_or_auto,
        applies=NEXT_DEPLOY,
        help="Seconds that an instance without its own checks must stay up; auto: until it has started, at most 10 s",
    ),
    Property(
        "max-wait",
        "300",
        parse=integer(0, 86400),
        applies=NEXT_DEPLOY,
        help="Maximum seconds that the default check of web waits for a port while the instance is still starting",
    ),
    Property(
        "wait",
        "5",
        help="Seconds between attempts of a check that does not set `wait`",
        parse=integer(0, 3600),
        applies=NEXT_DEPLOY,
    ),
    Property(
        "timeout",
        "5",
        help="Seconds that one attempt may take, for a check that does not set `timeout`",
        parse=integer(1, 3600),
        applies=NEXT_DEPLOY,
    ),
    Property(
        "attempts",
        "3",
        help="Number of attempts of a check that does not set `attempts`",
        parse=integer(1, 1000),
        applies=NEXT_DEPLOY,
    ),
    Property(
        "disabled",
        scope="app",
        help="Process types whose old instances stop before new ones start (checks:disable)",
        parse=types,
        in_release=True,
        applies=NEXT_DEPLOY,
        set_by="checks:disable",
    ),
    Property(
        "skipped",
        scope="app",
        help="Process types that are not checked (checks:skip)",
        parse=types,
        in_release=True,
        applies=NEXT_DEPLOY,
        set_by="checks:skip",
    ),
)


def covers(listed: str, process: str) -> bool:
    """Whether a list of process types names this one."""
    return listed == ALL or process in listed.split(",")


LEGACY_ENV = {
    r"DOKKU_CHECKS_(ENABLED|DISABLED)": "checks:enable APP or checks:disable APP",
    r"DOKKU_CHECKS_SKIPPED": "checks:skip APP",
    r"DOKKU_SKIP_(ALL|DEFAULT)_CHECKS": "checks:skip APP",
    r"DOKKU_CHECKS_(WAIT|TIMEOUT|ATTEMPTS)": "checks:set APP wait|timeout|attempts NUMBER",
    r"DOKKU_DEFAULT_CHECKS_WAIT": "checks:set APP default-wait SECONDS",
    r"DOKKU_WAIT_TO_RETIRE": "checks:set APP wait-to-retire SECONDS",
    r"DOKKU_CHECKS_(PATH|URL)": "healthchecks in app.json",
}
"""Dokku's variables, and the command that replaces each."""
