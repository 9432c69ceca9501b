"""app.json (JSONC) as frozen facts: one reader for every plugin that needs a part of it.

A known key of the wrong type is an `AppError` that names its path; keys that nobody reads are listed in
`AppJson.unread`, so that a plugin can say so. The fields and their defaults are those of the reference, sections 3.2 and 3.3.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from dokkupy_sdk.cron import Cron
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import EnvKey, ProcessType, Secret
from dokkupy_sdk.values import dataclass, field, replace

from dokkupy_app_json.jsonc import Node, read_jsonc

MAX_QUANTITY = 1000
MAX_SECONDS = 86400
MAX_CHECKS = 64
"""Health checks of one process type: each is a thread per instance while they run."""

OPERATORS = frozenset((";", "&", "&&", "|", "||", ">", ">>", "<", "<<", "(", ")"))


@dataclass(frozen=True, slots=True)
class EnvEntry:
    """A variable that the app declares. value: None when only described. generator: `secret` or empty."""

    key: EnvKey
    value: Secret | None = None
    description: str = ""
    required: bool = True
    generator: str = ""
    sync: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger of autoscaling, for schedulers that scale by themselves."""

    name: str
    type: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Autoscaling:
    """Limits of autoscaling, for schedulers that scale by themselves; seconds."""

    min_quantity: int
    max_quantity: int
    cooldown_period_seconds: int = 300
    polling_interval_seconds: int = 30
    triggers: tuple[Trigger, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessFormation:
    """What the source says of one process type. quantity: None when it says nothing of it."""

    quantity: int | None = None
    max_parallel: int | None = None
    autoscaling: Autoscaling | None = None
    exposed: bool = False


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One entry of healthchecks; exactly one of command, path, listening and uptime is given.

    type: startup, liveness, readiness, or empty when the source forgot it (Dokku skips such an entry). Times in
    seconds. attempts, timeout, wait: None when the source says nothing. port: None for the app's own.
    """

    name: str
    type: str = "startup"
    command: tuple[str, ...] = ()
    path: str = ""
    content: str = ""
    listening: bool = False
    uptime: int | None = None
    attempts: int | None = None
    timeout: int | None = None
    wait: int | None = None
    initial_delay: int = 0
    port: int | None = None
    scheme: str = "http"
    headers: tuple[tuple[str, str], ...] = ()
    warn: bool = False
    on_failure_command: tuple[str, ...] = ()
    on_failure_url: str = ""


@dataclass(frozen=True, slots=True)
class CronEntry:
    """A scheduled command, as argv words; schedule: five fields or @daily and its like."""

    command: str
    words: tuple[str, ...]
    schedule: str
    concurrency_policy: str = "allow"
    maintenance: bool = False


@dataclass(frozen=True, slots=True)
class Scripts:
    """Commands around a deploy; empty when not given. once: Heroku's postdeploy, run once in the app's life."""

    predeploy: str = ""
    postdeploy: str = ""
    once: str = ""


@dataclass(frozen=True, slots=True)
class AppJson:
    """The whole file; an absent one is `AppJson()`."""

    buildpacks: tuple[str, ...] = ()
    cron: tuple[CronEntry, ...] = ()
    env: tuple[EnvEntry, ...] = ()
    formation: Mapping[ProcessType, ProcessFormation] = field(default_factory=dict)
    healthchecks: Mapping[ProcessType, tuple[HealthCheck, ...]] = field(default_factory=dict)
    scripts: Scripts = field(default_factory=Scripts)
    unread: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(path of a key that is not known, the keys that are known in its object)."""

    @property
    def quantities(self) -> dict[ProcessType, int]:
        """Process type -> number, of the types whose number the source fixes."""
        return {name: entry.quantity for name, entry in self.formation.items() if entry.quantity is not None}


def parse_app_json(text: str | None, file: str = "app.json", *, stored: bool = False) -> AppJson:
    """The facts of an app.json; None for an absent file. stored: it is a release's, and not new: limits that came after the
    release do not apply. Raises AppError naming the file and the path in it."""
    if text is None or not text.strip():
        return AppJson()
    root = read_jsonc(file, text, stored=stored)
    root.table()
    facts = AppJson(
        buildpacks=tuple(
            row.value if isinstance(row.value, str) else row.text("url") for row in root.rows("buildpacks")
        ),
        cron=cron_entries(root),
        env=tuple(env_entry(key, node) for key, node in root.children("env")),
        formation={process(key, node): formation_entry(node) for key, node in root.children("formation")},
        healthchecks={process(key, node): checks_of(root, key, node) for key, node in root.children("healthchecks")},
        scripts=scripts(root),
    )
    return replace(facts, unread=tuple((path, tuple(known)) for path, known in root.unread()))


def process(key: str, node: Node) -> ProcessType:
    try:
        return ProcessType(key)
    except UserError as error:
        raise node.fault(f"is not a process type: {error.message}") from None


def scripts(root: Node) -> Scripts:
    table = root.child("scripts")
    if table is None:
        return Scripts()
    dokku = table.child("dokku")
    return Scripts(
        predeploy=dokku.text("predeploy").strip() if dokku else "",
        postdeploy=dokku.text("postdeploy").strip() if dokku else "",
        once=table.text("postdeploy").strip(),
    )


def env_entry(key: str, node: Node) -> EnvEntry:
    try:
        name = EnvKey(key)
    except UserError as error:
        raise node.fault(f"is not a valid name of a variable: {error.message}") from None
    if isinstance(node.value, str):
        return EnvEntry(name, Secret(node.as_text()))
    if not isinstance(node.value, dict):
        raise node.fault("must be a string or an object")
    value = node.child("value")
    generator = node.text("generator")
    if generator not in ("", "secret"):
        raise node.fault('has an unknown generator: only "secret" is known')
    return EnvEntry(
        name,
        Secret(value.as_text()) if value is not None else None,
        description=node.text("description"),
        required=node.flag("required", True),
        generator=generator,
        sync=node.flag("sync", False),
    )


def formation_entry(node: Node) -> ProcessFormation:
    scaling = node.child("autoscaling")
    service = node.child("service")
    return ProcessFormation(
        quantity=node.whole("quantity", 0, MAX_QUANTITY),
        max_parallel=node.whole("max_parallel", 1, MAX_QUANTITY),
        autoscaling=autoscaling(scaling) if scaling else None,
        exposed=service.flag("exposed", False) if service else False,
    )


def autoscaling(node: Node) -> Autoscaling:
    triggers = []
    for row in node.rows("triggers"):
        metadata = {key: str(node.value) for key, node in row.children("metadata")}
        triggers.append(Trigger(row.text("name"), row.text("type"), metadata))
    return Autoscaling(
        min_quantity=or_else(node.whole("min_quantity", 0, MAX_QUANTITY), 0),
        max_quantity=or_else(node.whole("max_quantity", 0, MAX_QUANTITY), 0),
        cooldown_period_seconds=or_else(node.whole("cooldown_period_seconds", 0, MAX_SECONDS), 300),
        polling_interval_seconds=or_else(node.whole("polling_interval_seconds", 1, MAX_SECONDS), 30),
        triggers=tuple(triggers),
    )


def or_else(value: int | None, default: int) -> int:
    return default if value is None else value


def checks_of(root: Node, key: str, node: Node) -> tuple[HealthCheck, ...]:
    table = root.child("healthchecks")
    rows = table.rows(key) if table else []
    node.require(len(rows) <= MAX_CHECKS, f"has more than {MAX_CHECKS} entries")
    return tuple(health_check(process(key, node), row, number) for number, row in enumerate(rows, start=1))


def health_check(name: ProcessType, node: Node, number: int) -> HealthCheck:
    kind = node.text("type")
    if kind not in ("", "startup", "liveness", "readiness"):
        raise node.fault("has an unknown type: use startup, liveness or readiness")
    command = node.texts("command")
    path = node.text("path")
    listening = node.flag("listening", False)
    uptime = node.whole("uptime", 0, MAX_SECONDS)
    ways = [bool(command), bool(path), listening, uptime is not None]
    if sum(ways) != 1:
        raise node.fault("must have exactly one of command, path, listening and uptime")
    if path and not re.fullmatch(r"/[\x21-\x7e]*", path):
        raise node.fault("has a path that does not begin with / or has spaces or control characters in it")
    scheme = node.text("scheme", "http").lower()
    if scheme not in ("http", "https"):
        raise node.fault("has an unknown scheme: use http or https")
    failure = node.child("onFailure")
    url = failure.text("url") if failure else ""
    if url and not re.fullmatch(r"https?://[\x21-\x7e]+", url):
        raise node.fault("has an onFailure.url that is not an http or https URL")
    return HealthCheck(
        name=node.text("name") or f"{name}-{number}",
        type=kind,
        command=command,
        path=path,
        content=node.text("content"),
        listening=listening,
        uptime=uptime,
        attempts=node.whole("attempts", 1, 1000),
        timeout=node.whole("timeout", 1, 3600),
        wait=node.whole("wait", 0, 3600),
        initial_delay=or_else(node.whole("initialDelay", 0, 3600), 0),
        port=node.whole("port", 1, 65535) or None,
        scheme=scheme,
        headers=tuple(header(row) for row in node.rows("httpHeaders")),
        warn=node.flag("warn", False),
        on_failure_command=failure.texts("command") if failure else (),
        on_failure_url=url,
    )


def header(node: Node) -> tuple[str, str]:
    name, value = node.text("name"), node.text("value")
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise node.fault("has a name that is not a valid HTTP header name")
    if not re.fullmatch(r"[\t\x20-\x7e]*", value):
        raise node.fault("has a value with control characters")
    node.require(len(name) <= 128, "has a name of more than 128 characters")
    node.require(len(value) <= 4096, "has a value of more than 4096 characters")
    return name, value


MAX_TASKS = 100
"""Cron tasks of an app. The host starts those that are due one after the other, and other apps' tasks wait for them."""


def cron_entries(root: Node) -> tuple[CronEntry, ...]:
    rows = root.rows("cron")
    root.require(len(rows) <= MAX_TASKS, f"has {len(rows)} entries in cron: at most {MAX_TASKS} are allowed")
    return tuple(cron_entry(row) for row in rows)


def cron_entry(node: Node) -> CronEntry:
    command, schedule = node.text("command").strip(), " ".join(node.text("schedule").split())
    if not command:
        raise node.fault("has no command")
    if not schedule:
        raise node.fault("has no schedule")
    try:
        Cron(schedule)
    except UserError as error:
        raise node.fault(f"has a schedule that is not a cron expression: {error.message}") from None
    policy = node.text("concurrency_policy", "allow") or "allow"
    if policy not in ("allow", "forbid", "replace"):
        raise node.fault("has an unknown concurrency_policy: use allow, forbid or replace")
    return CronEntry(command, cron_words(node, command), schedule, policy, node.flag("maintenance", False))


def cron_words(node: Node, command: str) -> tuple[str, ...]:
    """The words of a command that no shell will see: an operator among them would mislead its author."""
    try:
        words = tuple(shlex.split(command))
        lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        bare = [token for token in lexer if token in OPERATORS]
    except ValueError as error:
        raise node.fault(f"has a command that cannot be read: {error}") from None
    if bare and any(operator in strip_quoted(command) for operator in bare):
        raise node.fault(f"has the shell operator {bare[0]} in its command, which runs without a shell")
    return words


def strip_quoted(command: str) -> str:
    return re.sub(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"", "", command)
