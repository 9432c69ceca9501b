"""Keep services running: at boot before the apps, by the timer, and before a deploy. Also the doctor's findings about
services."""

from __future__ import annotations

import time

from dokkupy_sdk import Host
from dokkupy_sdk.deletions import may_delete
from dokkupy_sdk.errors import Busy, DokkupyError, HostError
from dokkupy_sdk.model import Finding
from dokkupy_sdk.names import AppName
from dokkupy_sdk.text import counted

from dokkupy_services import records
from dokkupy_services.data import moving
from dokkupy_services.lifecycle import container, expose, missing, trash
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.service import MOVING, RUNNING
from dokkupy_services.model import Service
from dokkupy_services.timer.supervise import described, look_at_all, watched


def known(host: Host, kind: str) -> bool:
    """Whether the plugin of a kind of service is installed."""
    return kind in records.kinds(host)


def supervise(host: Host) -> list[str]:
    """The timer's work each minute: announce which servers crashed, then start them again."""
    every = records.services(host)
    if every:
        listed = {one.name: one for one in host.containers().find_all({container.MARK: ""})}
        look_at_all(host, every, listed, time.time())
    return bring_up_all(host)


def bring_up_all(host: Host) -> list[str]:
    """Make all services match their records. A failure causes a warning and does not stop the others."""
    lines: list[str] = []
    every = records.services(host)
    states = {one.name: one.state for one in host.containers().find_all({container.MARK: ""})} if every else {}
    for service in every:
        if lifecycle.is_as_wanted(service, states):
            continue  # without an operation, because this runs every minute
        if not known(host, service.kind):
            host.out.warn(f"{service.subject} is skipped: the plugin dokkupy-{service.kind} is not installed")
            continue
        try:
            lines += lifecycle.reconcile(host, service.kind, service.name)
            fresh = records.read(host, service.kind, service.name)
            lines += [f"{service.subject}: {name} was created again" for name in expose.bring_ambassadors(host, fresh)]
        except Busy:
            continue  # an operation on it is running
        except DokkupyError as error:
            host.out.warn(f"{service.subject}: {error.message}")
            for line in (*error.details, *filter(None, (error.hint,))):
                host.out.warn(line)
    return lines


def require_services(host: Host, app: AppName) -> None:
    """Make sure that the services of an app run. Raises HostError, Busy or Conflict with the name of one that does
    not."""
    for service, _ in records.linked_services(host, app):
        if service.state == MOVING:
            lifecycle.require_still(service)
        if service.state != RUNNING:
            host.out.warn(f"{service.subject}, which {app} uses, is stopped: {service.kind}:start {service.name}")
        elif not known(host, service.kind):
            raise HostError(
                f"{app} uses {service.subject}, whose plugin is not installed",
                hint=f"dokkupy plugin:install dokkupy-{service.kind}; or unlink it: dokkupy services:unlink "
                f"{service.name} {app} --kind {service.kind}",
            )
        elif not lifecycle.is_up(host, service):
            host.out.section(f"Starting {service.subject}, which {app} uses")
            lifecycle.reconcile(host, service.kind, service.name, wait=30)


def give_back(host: Host) -> list[str]:
    """Remove data that was kept long enough."""
    return [*trash.purge_due(host), *moving.forget_previous_due(host)] if may_delete(host, "services-trash") else []


def lost_in_trash(host: Host, service: Service) -> Finding:
    forget = f"forget it: dokkupy services:purge {service.kind} {service.name}"
    ways, none = missing.ways_back(host, service.subject)
    return Finding(
        "services",
        "warning",
        f"The data of the destroyed {service.subject} is missing: there is no volume {service.volume}",
        f"{ways} Then {forget}" if ways else f"{none}; {forget}",
    )


def findings(host: Host) -> list[Finding]:
    every, broken = records.readable(host)
    found = [Finding("services", "error", fault.message, fault.hint) for _, fault in broken]
    crashed = watched(host)
    volumes = missing.volumes_of(host)
    for destroyed, _ in trash.entries(host):
        if destroyed.volume and destroyed.volume not in volumes:
            found.append(lost_in_trash(host, destroyed))
    for service in every:
        if not known(host, service.kind):
            found.append(
                Finding(
                    "services",
                    "error",
                    f"{service.subject}: the plugin dokkupy-{service.kind} is not installed",
                    f"dokkupy plugin:install dokkupy-{service.kind}",
                )
            )
            continue
        for loss in missing.losses(host, service, volumes):
            found.append(Finding("services", "error" if loss.stops else "warning", loss.what, loss.hint))
        state = lifecycle.status(host, service)
        words = described(service, state, crashed)
        if service.state == RUNNING and words != "running":
            what = "crashed and was restarted" if state == "running" else "should run and is"
            found.append(
                Finding(
                    "services",
                    "warning" if state == "running" else "error",
                    f"{service.subject} {what}: {words}",
                    f"dokkupy {service.kind}:logs {service.name}; dokkupy {service.kind}:restart {service.name}",
                )
            )
        now = host.images().find(service.image)
        if now is not None and now.id != service.image_id:
            found.append(
                Finding(
                    "services",
                    "warning",
                    f"{service.image} now refers to a different image than the one that {service.subject} runs",
                    f"If you pulled it on purpose, use it:  dokkupy {service.kind}:upgrade {service.name}",
                )
            )
        if expose.is_open(service):
            found.append(
                Finding(
                    "services",
                    "warning",
                    f"{service.subject} can be reached from outside this host: {' '.join(service.exposed)}",
                    f"dokkupy {service.kind}:unexpose {service.name}, and an SSH tunnel or 127.0.0.1:PORT instead",
                )
            )
    if not found and records.services(host):
        found.append(Finding("services", "ok", counted(len(records.services(host)), "service")))
    return found
