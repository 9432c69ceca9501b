"""The doctor's findings: the host's own, the adapters' and the plugins'."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from dokkupy_sdk import Host
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.errors import DokkupyError, Interrupted
from dokkupy_sdk.files import SCRATCH
from dokkupy_sdk.model import Finding
from dokkupy_sdk.operation import messages, unfinished
from dokkupy_sdk.recorded_images import moved_images
from dokkupy_sdk.users import SECOND, USER

from dokkupy_host.audit.finding import audit_finding
from dokkupy_host.doctor import gone, interpreter
from dokkupy_host.state.check import listing, route_findings, state_findings
from dokkupy_host.supervise import health

STATE_PLACES = (
    ("apps",),
    ("global",),
    ("journal", "open"),
    ("journal", "closed"),
    ("locks",),
    ("logs",),
    ("home", ".ssh"),
)


def examine(host: Host) -> list[Finding]:
    """The findings of core, the adapters and the plugins. No broken part stops the examination."""
    parts: dict[str, Callable[[Host], Iterable[Finding]]] = {
        "state": state_findings,
        "owner": lambda host: [owner_finding(host)],
        "temporary": lambda host: [scratch_finding(host)],
        "interpreter": lambda host: [interpreter.finding(host)],
        "launcher": interpreter.index_findings,
        "audit": lambda host: [audit_finding(host)],
        "apps": health.findings,
        "routes": route_findings,
        "roles": role_findings,
        "plugins": plugin_findings,
        "gone": gone.data_findings,
        "selected": gone.selection_findings,
        "operations": operation_findings,
        "images": moved_images,
    }
    findings: list[Finding] = []
    for name, part in parts.items():
        try:
            findings += part(host)
        except Interrupted:
            raise
        except Exception as error:
            hint = error.hint if isinstance(error, DokkupyError) else ""
            findings += [Finding(name, "error", text, hint) for text in messages(error)]
    return list(dict.fromkeys(findings))


def role_findings(host: Host) -> Iterator[Finding]:
    for role in ("engine", "scheduler", "proxy", "source"):
        try:
            ready = host.role(role, host.default_adapter(role)).prepare()
        except DokkupyError as error:
            yield Finding(role, "error", error.message, error.hint)
            continue
        except Exception as error:  # the doctor must work on a broken host, so one plugin's error does not end it
            yield Finding(role, "error", f"{type(error).__name__}: {error}", "Report it to the plugin's author.")
            continue
        level = "ok" if ready.ready else "error"
        yield Finding(role, level, ready.reason or "ready", "" if ready.ready else ready.remedy)


def plugin_findings(host: Host) -> Iterator[Finding]:
    found, failed = host.hooks.gather_what_can(hookspecs.doctor_checks, host=host)
    yield from (finding for _, finding in found)
    yield from (Finding(plugin, "error", error.message, error.hint) for plugin, error in failed)
    yield from (Finding("plugin", "error", fault.message, fault.hint) for fault in host.hooks.quarantined.values())


def operation_findings(host: Host) -> Iterator[Finding]:
    open_journals = [entries[0]["subject"] for _, entries in unfinished(host) if entries]
    if open_journals:
        yield Finding(
            "operations", "warning", f"unfinished operations: {', '.join(map(str, open_journals))}", "dokkupy recover"
        )


def owner_finding(host: Host) -> Finding:
    """Find files that belong to root, because the next push could not write them."""
    owner = os.stat(host.root).st_uid
    if missing := missing_user(owner):
        return Finding("owner", "error", f"{missing} does not exist: pushes or commands fail", "sudo dokkupy setup")
    places = [host.root, *(host.path(*parts) for parts in STATE_PLACES)]
    for place in places:
        for path in (place, *(entry.path for entry in listing(place))):
            try:
                foreign = os.lstat(path).st_uid != owner
            except FileNotFoundError:
                continue
            if foreign:
                return Finding(
                    "owner", "error", f"{path} belongs to another user", f"chown -R --from=root {owner} {place}"
                )
    return Finding("owner", "ok", "all files of the state belong to one user")


def missing_user(owner: int) -> str:
    """The login name that the state's owner lacks, such as after a removal or a restore on another machine."""
    import pwd

    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"The user {owner}, to whom the state belongs,"
    logins = {entry.pw_name for entry in pwd.getpwall() if entry.pw_uid == owner}
    lacking = {USER, SECOND} - logins if name in (USER, SECOND) else set()
    return f"The user {min(lacking)}" if lacking else ""


def scratch_finding(host: Host) -> Finding:
    """For the doctor: the size of temporary files, and whether programs can write there."""
    children = host.path(*SCRATCH)
    if os.path.isdir(children) and not os.access(children, os.W_OK | os.X_OK):
        return Finding("scratch", "error", f"{children} cannot be written", "Run dokkupy setup as root.")
    files = size = 0
    for directory, _, names in os.walk(host.path(SCRATCH[0])):
        for name in names:
            try:
                size += os.lstat(os.path.join(directory, name)).st_blocks * 512
            except FileNotFoundError:
                continue
            files += 1
    return Finding("scratch", "ok", f"{files} temporary files, {size / 1024**2:.1f} MiB")
