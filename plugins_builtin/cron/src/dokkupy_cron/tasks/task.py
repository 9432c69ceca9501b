"""The tasks of a subject: those in an app's release, and those created with `cron:set`."""

from __future__ import annotations

from dokkupy_app_json.reader import CronEntry, parse_app_json
from dokkupy_sdk import Host
from dokkupy_sdk.cron import Cron
from dokkupy_sdk.errors import NotFound, StateError, UserError
from dokkupy_sdk.names import AppName, shown
from dokkupy_sdk.settings import properties_of
from dokkupy_sdk.values import dataclass

from dokkupy_cron.schedule.clock import zone_named
from dokkupy_cron.schedule.firing import Schedule
from dokkupy_cron.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_cron.stored import Subject

MAINTENANCE = "maintenance."
"""The property of a task that is suspended or resumed: `maintenance.<id>`."""

SET = "task."
"""The property of a task that `cron:set` creates: `task.<name>`."""

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Task:
    """schedule: as it was written. suspended: by its own setting; in_maintenance: by the app's or the host's."""

    id: str
    app: AppName | None
    command: str
    words: tuple[str, ...]
    schedule: str
    policy: str = "allow"
    suspended: bool = False
    in_maintenance: bool = False

    @property
    def paused(self) -> bool:
        return self.suspended or self.in_maintenance


def id_of(command: str, schedule: str) -> str:
    """A hash of the task, as in Dokku, so that a deploy that does not change the task keeps its id. The app's name is not
    part of it, so that a rename keeps it too. The command cannot be derived from it."""
    import hashlib

    number = int.from_bytes(hashlib.sha256(f"{command}==={schedule}".encode()).digest(), "big")
    text = ""
    while len(text) < ID_LENGTH:
        number, digit = divmod(number, len(DIGITS))
        text += DIGITS[digit]
    return text


def tasks_of(host: Host, app: Subject) -> dict[str, Task]:
    """The tasks by id: first those of the file, in its order, then those created with `cron:set`."""
    released = released_tasks(host, app) if app is not None else {}
    return {**released, **set_tasks(host, app)}


def set_tasks(host: Host, app: Subject) -> dict[str, Task]:
    """The ids of these tasks are the names under which they were set."""
    own = properties_of(host.store, app, "cron")
    found = {}
    for key, text in own.items():
        if key.startswith(SET):
            entry, name = entry_of(text), key.removeprefix(SET)
            found[name] = Task(
                name,
                app,
                entry.command,
                entry.words,
                entry.schedule,
                "allow" if app is not None else "forbid",
                own.get(MAINTENANCE + name) == "true",
                is_in_maintenance(host, app),
            )
    return found


def entry_of(text: str) -> CronEntry:
    """Parse `30 3 * * * COMMAND` or `@daily COMMAND`, by the rules for app.json's tasks. Raises AppError."""
    import json

    words = text.split(None, 1 if text.startswith("@") else 5)
    fields = len(words) - 1
    if fields < (1 if text.startswith("@") else 5):
        raise UserError(f"{shown(text)} is not a schedule with a command", hint='Such as "30 3 * * * rake clean".')
    table = {"cron": [{"schedule": " ".join(words[:fields]), "command": words[fields]}]}
    return parse_app_json(json.dumps(table), "The value").cron[0]


def released_tasks(host: Host, app: AppName) -> dict[str, Task]:
    from dokkupy_app_json.hooks import of_release
    from dokkupy_apps.releases.records import read_release
    from dokkupy_sdk.state import ServingFile

    serving = host.store.find(ServingFile, app)
    if serving is None:
        return {}
    entries = of_release(read_release(host, app, serving.release)).cron
    if not entries:
        return {}
    own = properties_of(host.store, app, "cron")
    found = {}
    for entry in entries:
        name = id_of(entry.command, entry.schedule)
        said = own.get(MAINTENANCE + name, "")
        suspended = said == "true" if said else entry.maintenance
        found[name] = Task(
            name,
            app,
            entry.command,
            entry.words,
            entry.schedule,
            entry.concurrency_policy,
            suspended,
            is_in_maintenance(host, app),
        )
    return found


def is_in_maintenance(host: Host, app: Subject) -> bool:
    return SETTINGS.get(host.store, app, "maintenance") == "true"


def require_task(host: Host, app: Subject, task: str) -> Task:
    if app is not None:
        host.store.require_app(app)
    found = tasks_of(host, app).get(task)
    if found is None:
        raise NotFound("No matching Cron ID found. Please specify a Cron ID from the output of 'dokku cron:list'")
    return found


def schedule_of(host: Host, task: Task) -> Schedule:
    name = SETTINGS.get(host.store, task.app, "timezone")
    try:
        zone = zone_named(name)
    except LookupError:
        scope = task.app or "--global"
        raise StateError(
            f"The time zone {shown(name)} of cron ({scope}) is not on this host",
            hint=f"Install the package tzdata, or unset it: cron:set {scope} timezone",
        ) from None
    return Schedule(Cron(task.schedule), zone)


def limit_of(host: Host, app: Subject) -> int:
    return int(SETTINGS.get(host.store, app, "time-limit"))
