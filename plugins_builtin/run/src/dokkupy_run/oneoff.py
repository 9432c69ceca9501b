"""One-off processes: a command in a new container of what is deployed."""

from __future__ import annotations

import re
import secrets
import shlex
import time
from contextlib import contextmanager
from functools import partial

from dokkupy_apps.desired.config import validated
from dokkupy_apps.releases.records import require_deployed
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, DokkupyError, NotFound, UserError
from dokkupy_sdk.model import Release
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.one_offs import OneOffs, all_one_offs, one_offs
from dokkupy_sdk.roles import Container, ContainerSpec
from dokkupy_sdk.values import dataclass, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dokkupy_sdk.disk import Reclaimable

DAY = 86400
GRACE = 10
"""Seconds between the signal that asks a one-off process to end and the kill."""

DEADLINE = "com.dokku.active-deadline-seconds"
"""Label of a one-off container: its time to live in seconds."""

CRON_ID = "com.dokku.cron-id"
POLICIES = ("allow", "forbid", "replace")
RESERVED = re.compile(r"dokku($|\.)|dokkupy\.|com\.dokku\.|org\.label-schema\.")
"""Labels by which dokkupy and Dokku's tools know what a container is."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a one-off container is made. ttl: seconds after which it is ended. policy: what happens when a container of
    the same cron_id runs: allow both, forbid this one, or replace that one."""

    env: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    ttl: int = DAY
    tty: bool = False
    cron_id: str = ""
    policy: str = "allow"


def checked(options: RunOptions) -> RunOptions:
    """Raises UserError for options that are invalid or cannot be combined."""
    if options.ttl < 1:
        raise UserError(f"--ttl-seconds {options.ttl} is not a number of seconds from 1")
    if options.policy not in POLICIES:
        raise UserError(f"{options.policy[:40]!r} is not a concurrency policy: use {', '.join(POLICIES)}")
    if options.policy != "allow" and not options.cron_id:
        raise UserError(
            f"--concurrency-policy {options.policy} has no effect without --cron-id",
            hint="Containers with the same --cron-id count as runs of one task.",
        )
    if options.cron_id and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.=-]{0,127}", options.cron_id):
        raise UserError(f"{options.cron_id[:60]!r} is not the id of a cron task")
    labels_of(options)
    return options


def labels_of(options: RunOptions) -> Mapping[str, str]:
    found = {}
    for text in options.labels:
        key, equals, value = text.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}", key) or not value.isprintable():
            raise UserError(f"{text[:80]!r} is not a label: give KEY=VALUE")
        if RESERVED.match(key):
            raise UserError(f"The label {key} is reserved", hint="Use your own name, such as com.example.task")
        found[key] = value
    cron = {CRON_ID: options.cron_id, "com.dokku.container-type": "cron"} if options.cron_id else {}
    return {**found, **cron, DEADLINE: str(options.ttl)}


def spec_of(
    host: Host, release: Release, command: Sequence[str], options: RunOptions, *, kind: str = "run"
) -> ContainerSpec:
    """A container for a command; a Procfile type's name stands for its command, which further arguments follow. kind: run,
    or cron for a scheduled run, whose container its plugin ends and removes."""
    words: tuple[str, ...] | str = tuple(command) or ("/bin/sh",)
    text = {str(name): text for name, text in release.processes.items()}.get(words[0])
    if text is not None:
        host.out.section(f"Found '{words[0]}' in Procfile, running that command")
        words = " ".join([text, shlex.join(words[1:])]).rstrip() if words[1:] else text
    dyno = f"{kind}.{secrets.randbelow(9000) + 1000}{secrets.token_hex(2)}"
    spec = host.surroundings(release.app).one_off(release, words, name=f"{release.app}.{dyno}", kind=kind, dyno=dyno)
    given: dict[str, Secret] = {EnvKey(key): Secret(validated(EnvKey(key), value)) for key, value in options.env}
    return replace(
        spec,
        env={**spec.env, **given},
        labels={**spec.labels, **labels_of(options)},
        tty=options.tty,
        stop_timeout=GRACE,
    )


def release_now(host: Host, app: AppName) -> Release:
    """The code that serves, with the app's configuration and options as they are set now: including changes that running
    instances do not have yet (`config:set --no-restart`), as in Dokku."""
    from dokkupy_apps.releases.from_state import with_state

    return with_state(host, require_deployed(host, app))


def run_detached(host: Host, app: AppName, command: Sequence[str], options: RunOptions) -> str:
    release = release_now(host, app)
    checked(options)
    if host.dry_run:  # because even a spec creates the app's network
        host.plan.append(f"start a container of v{release.number}: {' '.join(command)}")
        return ""
    with one_at_a_time(host, app, options):
        return one_offs(host, app).create(spec_of(host, release, command, options)).name


@contextmanager
def one_at_a_time(host: Host, app: AppName, options: RunOptions) -> Iterator[None]:
    """Apply the concurrency policy, and for a key the limit of the app. Raises Conflict naming the container that runs, when
    this one is forbidden."""
    is_limited = host.who.startswith("key:")
    if options.policy == "allow" and not is_limited:
        yield
        return
    lock = host.lock(
        f"run:{app}", wait=GRACE + 5, command=host.command or "run", what=f"The list of one-off processes of {app}"
    )
    try:
        if is_limited:
            require_room(host, app)
        same = {"dokkupy.app": str(app), CRON_ID: options.cron_id}
        for one in one_offs(host, app).find_all(same) if options.policy != "allow" else ():
            if one.state in ("exited", "dead"):
                continue
            if options.policy == "forbid":
                raise Conflict(
                    f"{one.name} of the cron task {options.cron_id} is still running",
                    code="running",
                    hint=f"Wait for its end, or end it: run:stop --container {one.name}",
                )
            end_run(host, one, "another one replaced it")
        yield
    finally:
        lock.release()


def require_room(host: Host, app: AppName) -> None:
    """Raises Conflict if keys may not run one more one-off process of the app."""
    from dokkupy_apps.desired.properties import APPS

    most = int(APPS.get(host.store, app, "max-runs"))
    if sum(one.state not in ("exited", "dead") for one in runs_of(host, app)) >= most:
        raise Conflict(
            f"{app} has {most} one-off processes, and keys may run no more at the same time",
            code="too_many_runs",
            hint=f"Wait until one ends, or end one: run:list {app}, run:stop {app} --container NAME. "
            f"For more, ask an admin for: dokkupy apps:set {app} max-runs NUMBER",
        )


def runs_of(host: Host, app: AppName) -> list[Container]:
    return one_offs(host, app).find_all({"dokkupy.app": app, "dokkupy.kind": "run"})


def run_of(host: Host, name: str) -> Container:
    """A one-off container of ours by name; any other container is not found."""
    for at in all_one_offs(host):
        found = at.find(name)
        if found is not None and found.labels.get("dokkupy.kind") == "run":
            return found
    raise NotFound(f"Container {name[:80]!r} does not exist", hint="List them: run:list APP")


def every_run(host: Host, app: AppName | None) -> Iterator[tuple[OneOffs, Container]]:
    """The one-off containers of an app or of all, each with the role of the scheduler that it belongs to."""
    labels = {"dokkupy.kind": "run", **({"dokkupy.app": str(app)} if app else {})}
    for at in all_one_offs(host):
        for one in at.find_all(labels):
            yield at, one


def end_run(host: Host, one: Container, reason: str) -> None:
    """End a one-off process and remove its container."""
    stop_run(host, one, reason)
    one_offs(host, one.labels["dokkupy.app"]).remove(one.id)


def stop_run(host: Host, one: Container, reason: str) -> None:
    """Ask a one-off process to end, and kill it when it does not."""
    one_offs(host, one.labels["dokkupy.app"]).stop(one.id, timeout=GRACE)
    host.events.record("run_ended", app=one.labels.get("dokkupy.app", ""), container=one.name, reason=reason)


def deadline_of(one: Container) -> float:
    """When a one-off container reaches its time limit, in epoch seconds. Containers without the label get the default
    limit."""
    created = one.created_at
    ttl = one.labels.get(DEADLINE, "")
    return (float(created) if created.isdecimal() else time.time()) + (int(ttl) if ttl.isdecimal() else DAY)


def ended_runs(host: Host, app: AppName | None) -> Iterator[Reclaimable]:
    """For `cleanup`: containers that have ended and that `run` did not remove itself."""
    from dokkupy_sdk.disk import Reclaimable

    for at, one in every_run(host, app):
        if one.state in ("exited", "dead"):
            remove = partial(at.remove, one.id)
            owner = one.labels.get("dokkupy.app", "")
            yield Reclaimable("container", one.name, 0, "its one-off process ended", remove, app=owner)


def retire_runs(host: Host, app: AppName | None = None, now: float | None = None) -> list[str]:
    """Remove one-off containers that have ended, and end those that reached their time limit. One that fails is a
    warning."""
    gone = []
    now = time.time() if now is None else now
    for at, one in every_run(host, app):
        is_over = now >= deadline_of(one)
        if one.state not in ("exited", "dead") and not is_over:
            continue
        try:
            if one.state in ("exited", "dead"):
                host.act(f"remove the container {one.name}", partial(at.remove, one.id))
            else:
                reason = f"it reached its time limit of {one.labels.get(DEADLINE, DAY)} s"
                host.act(f"end the container {one.name}: {reason}", partial(end_run, host, one, reason))
            gone.append(one.name)
        except DokkupyError as error:
            host.out.warn(f"{one.name}: {error.message}")
    return gone
