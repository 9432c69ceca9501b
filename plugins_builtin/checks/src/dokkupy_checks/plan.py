"""Which checks an instance must pass: a pure rule from the release's files and settings."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy_app_json.reader import AppJson, HealthCheck, parse_app_json
from dokkupy_sdk.model import Release
from dokkupy_sdk.names import ProcessType
from dokkupy_sdk.port_map import listening, ports_of
from dokkupy_sdk.values import dataclass, replace

from dokkupy_checks.legacy import parse_checks_file, places
from dokkupy_checks.settings import AUTO, AUTO_SECONDS, SETTINGS

SETTLING = 0.1
"""Minimum seconds for which an instance is watched if `default-wait` is 0, after the time that the scheduler watched
it."""

DEFAULT = "default"
"""The name of the default check."""

WEB = ProcessType("web")


@dataclass(frozen=True, slots=True)
class Check:
    """A check with all values filled in. kind: command, path, listening, uptime, answers (the default
    of web) or started (that of other types). patience: seconds that it waits at most for a port while the instance is
    busy."""

    name: str
    kind: str
    attempts: int
    timeout: float
    wait: float
    delay: float = 0
    port: int = 0
    candidates: tuple[int, ...] = ()
    """The ports of which one must listen, if the image exposes several; empty: the instance's port."""
    scheme: str = "http"
    path: str = "/"
    content: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()
    seconds: float = 0
    patience: float = 0
    warn: bool = False
    on_failure_command: tuple[str, ...] = ()
    on_failure_url: str = ""

    @property
    def budget(self) -> float:
        """Seconds within which an instance must start to listen: the time that all attempts would take."""
        return self.attempts * self.timeout + (self.attempts - 1) * self.wait


@dataclass(frozen=True, slots=True)
class Plan:
    """Checks per process type, and remarks about them for the user."""

    checks: dict[ProcessType, tuple[Check, ...]]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waits:
    """The values of `checks:set` for checks that do not set their own. default_wait: None for `auto`."""

    attempts: int = 3
    timeout: int = 5
    wait: int = 5
    default_wait: float | None = None
    max_wait: float = 300


def waits(values: Mapping[str, str]) -> Waits:
    """From the values of the properties, by name."""
    stay = values["default-wait"]
    return Waits(
        int(values["attempts"]),
        int(values["timeout"]),
        int(values["wait"]),
        None if stay == AUTO else float(stay),
        float(values["max-wait"]),
    )


def setting(release: Release, name: str) -> str:
    return release.setting("checks", name) or SETTINGS.properties[name].default


def facts_of(release: Release) -> tuple[AppJson, tuple[str, ...]]:
    """app.json's facts, with a legacy CHECKS file as the health checks of web when app.json has none."""
    path = release.setting("app-json", "appjson-path") or "app.json"
    facts = parse_app_json(release.files.get(path), path, stored=True)
    file, legacy = next(((one, text) for one in places(path) if (text := release.files.get(one, "")).strip()), ("", ""))
    if not legacy:
        return facts, ()
    if any(entry.type == "startup" for entry in facts.healthchecks.get(WEB, ())):
        return facts, (f"The file {file} is ignored: {path} has healthchecks for web",)
    env = {str(key): value for key, value in release.env.items()}
    checks = parse_checks_file(legacy, env)
    notes = (f"The file {file} is deprecated: use healthchecks in {path}",)
    return replace(facts, healthchecks={**facts.healthchecks, WEB: checks}), notes


def plan_checks(release: Release, processes: set[ProcessType], times: Waits, *, domain: str, secure: bool) -> Plan:
    """The checks of these process types. domain: for the Host header, or empty. secure: the app has a certificate."""
    facts, notes = facts_of(release)
    warnings = list(notes)
    checks = {}
    for process in sorted(processes):
        entries = facts.healthchecks.get(process, ())
        warnings.extend(
            f'Health check {entry.name} of {process} has no type and is skipped: give it "type": "startup"'
            for entry in entries
            if not entry.type
        )
        warnings.extend(
            f"Health check {entry.name} of {process} is not run: its type is {entry.type}, and only "
            "startup checks are run"
            for entry in entries
            if entry.type not in ("", "startup")
        )
        found = [resolved(times, entry, domain, secure) for entry in entries if entry.type == "startup"]
        if not found:
            found = [default_check(release, process, times, domain, secure)]
        elif process == WEB and not any(check.kind in ("listening", "path") for check in found):
            found.append(Check("port listening", "listening", 1, 5, 0, warn=True))
        if process == WEB:
            found = [*asked_at(found, release), *further_ports(release, times, secure)]
        checks[process] = tuple(found)
    return Plan(checks, tuple(warnings))


def asked_at(found: list[Check], release: Release) -> list[Check]:
    """The checks, at the ports where an instance may listen."""
    ports = listening(release).candidates
    return [check if check.port else replace(check, candidates=ports) for check in found]


def further_ports(release: Release, times: Waits, secure: bool) -> list[Check]:
    """Other ports to which the app's port map sends requests, because the proxy must not switch to a port that is not
    open yet."""
    served = {"http", "grpc", *(("https", "grpcs") if secure else ())}
    routed = {port.container for port in ports_of(release) if port.scheme in served}
    return [
        Check(f"port {port}", "listening", times.attempts, times.timeout, times.wait, port=port)
        for port in listening(release).required
        if port in routed
    ]


def default_check(release: Release, process: ProcessType, times: Waits, domain: str, secure: bool) -> Check:
    check = Check(DEFAULT, "answers", times.attempts, times.timeout, times.wait, patience=times.max_wait)
    if process == WEB and listening(release).candidates:
        if not any(port.scheme in ("http", "https") for port in ports_of(release)):
            return replace(check, kind="listening")
        return replace(check, seconds=times.default_wait or 0, headers=with_own((), domain, secure))
    if times.default_wait is None:
        return replace(check, kind="started", seconds=AUTO_SECONDS)
    return replace(check, kind="uptime", seconds=max(times.default_wait, SETTLING))


def resolved(times: Waits, entry: HealthCheck, domain: str, secure: bool) -> Check:
    kind = "command" if entry.command else "path" if entry.path else "listening" if entry.listening else "uptime"
    return Check(
        name=entry.name,
        kind=kind,
        attempts=entry.attempts if entry.attempts is not None else times.attempts,
        timeout=entry.timeout if entry.timeout is not None else times.timeout,
        wait=entry.wait if entry.wait is not None else times.wait,
        delay=entry.initial_delay,
        port=entry.port or 0,
        scheme=entry.scheme,
        path=entry.path or "/",
        content=entry.content,
        headers=with_own(entry.headers, domain, secure),
        command=entry.command,
        seconds=entry.uptime or 0,
        warn=entry.warn,
        on_failure_command=entry.on_failure_command,
        on_failure_url=entry.on_failure_url,
    )


def with_own(headers: tuple[tuple[str, str], ...], domain: str, secure: bool) -> tuple[tuple[str, str], ...]:
    """The headers of a request as the proxy would send it; headers from the source override them."""
    given = {name.lower() for name, _ in headers}
    own = [("Host", domain)] if domain else []
    if secure:
        own.append(("X-Forwarded-Proto", "https"))
    own.append(("User-Agent", "dokkupy-checks"))
    return (*headers, *(pair for pair in own if pair[0].lower() not in given))
