"""The containers of services: creating one from a record, waiting for it, running commands in it, removing it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, DokkupyError, HostError, StateError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.records import Record
from dokkupy_sdk.roles import Container, ContainerSpec
from dokkupy_sdk.sizes import with_unit
from dokkupy_sdk.values import dataclass

from dokkupy_services import records
from dokkupy_services.model import FILES, Service, container_of
from dokkupy_services.role import HANGS, Datastore

PAUSE = 0.1
LAST_LINES = 40
STOP_SECONDS = 60
"""The stop timeout of a server whose plugin is not installed."""

MARK = "dokkupy.service"
"""The label of everything in the engine that belongs to a service. Its value is the service's id."""

OWN_NAME = "service"
"""The host name of a service in its own network."""

INSTANCE = "dokkupy.service-instance"
"""The label of a container that says which instance of the service it is. During an upgrade there are two."""


def labels(service: Service) -> dict[str, str]:
    return {
        "dokku": "",
        "dokku.service": service.kind,
        "org.label-schema.schema-version": "1.0",
        "org.label-schema.vendor": "dokku",
        MARK: service.id,
    }


def network_of(service: Service) -> str:
    """The service's own network. Linked apps reach it in their networks."""
    return f"dokkupy-service-{service.id}"


def files_directory(host: Host, service: Service) -> str:
    return host.path("service-files", service.id)


def write_files(host: Host, service: Service, files: dict[str, Secret]) -> None:
    """The recipe's files. Only dokkupy's user can open the directory. In the container all users can read the files,
    because the server has its own user."""
    directory = files_directory(host, service)
    make_directory(os.path.dirname(directory))
    os.chmod(os.path.dirname(directory), 0o700)
    make_directory(directory, 0o755)
    os.chmod(directory, 0o755)
    for name, content in files.items():
        path = os.path.join(directory, name)
        write_atomic(path, content.reveal().encode(), mode=0o644)
        os.chmod(path, 0o644)


def spec_of(host: Host, datastore: Datastore, service: Service, *, name: str, instance: str) -> ContainerSpec:
    """The spec of a service's container. instance: distinguishes it from the service's other containers."""
    recipe = datastore.container_config(service)
    options = ["--hostname", f"dokku-{service.kind}-{service.id[:12]}"]
    for text in service.mounts:
        options += ["--volume", text]
    if service.volume:
        options += ["--volume", f"{service.volume}:{datastore.data}"]
    if recipe.files:
        options += ["--volume", f"{files_directory(host, service)}:{FILES}:ro"]
    if service.memory:
        options += ["--memory", with_unit(service.memory)]
    if service.cpus:
        options += ["--cpus", service.cpus]
    if service.shm_size:
        options += ["--shm-size", service.shm_size]
    command = recipe.command
    if service.config_options:
        command = (*(command or ()), *shlex.split(service.config_options))
    return ContainerSpec(
        name,
        service.image_id,
        command=command,
        env={**recipe.env, **service.custom_env},
        labels={**labels(service), INSTANCE: instance, "dokkupy.kind": "service"},
        network=network_of(service),
        aliases=(OWN_NAME,),
        restart_policy=service.restart_policy,
        options=(*options, *recipe.options),
        init=False,
        stop_timeout=datastore.stop_seconds,
    )


def create(host: Host, datastore: Datastore, service: Service, *, name: str, instance: str) -> Container:
    """Create and start a container, with its network, volume and files."""
    if service.volume:
        host.volumes().ensure(service.volume, labels=labels(service))
    host.networks().ensure(network_of(service), subnet="", labels=labels(service))
    write_files(host, service, dict(datastore.container_config(service).files))
    made = host.containers().create(spec_of(host, datastore, service, name=name, instance=instance))
    for network in further_networks(service):
        try:
            host.networks().connect(network, made.id, (service.container, service.hostname))
        except DokkupyError as error:
            host.containers().remove(made.id)
            raise HostError(
                f"{service.subject} cannot join the network {network}: {error.message}",
                hint=f"docker network create {network}, or {service.kind}:set {service.name} KEY without a value",
            ) from error
    return made


def further_networks(service: Service) -> list[str]:
    """The additional docker networks of the service."""
    return [name for text in service.networks.values() for name in text.split(",") if name]


@dataclass(frozen=True, slots=True)
class Exec:
    """The protocol ServiceExec: commands in one container."""

    host: Host
    service: Service
    container: str

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = HANGS) -> str:
        done = execute(
            self.host.sessions().attach_argv(self.container, argv, tty=False), check=False, stdin=stdin, timeout=timeout
        )
        if not done.ok:
            lines = (done.stderr or done.stdout).strip().splitlines()[-LAST_LINES:]
            raise HostError(
                f"{argv[0]} in {self.container} failed with status {done.status}",
                details=tuple(without_secrets(self.service, line) for line in lines),
                hint=f"Its log may say why: {self.service.kind}:logs {self.service.name}",
            )
        return done.stdout

    def ok(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 10.0) -> bool:
        try:
            if stdin:
                self.run(argv, stdin=stdin, timeout=timeout)
                return True
            return self.host.sessions().exec(self.container, argv, timeout=timeout).exit_code == 0
        except (DokkupyError, TimeoutError):
            return False


def without_secrets(service: Service, text: str) -> str:
    for secret in (service.password, service.root_password, *service.custom_env.values()):
        if secret.reveal():
            text = text.replace(secret.reveal(), "***")
    return text


def require_running(host: Host, service: Service) -> Container:
    """The service's container. Raises Conflict if it does not run."""
    found = host.containers().find(service.container)
    if found is None or found.state != "running":
        raise Conflict(
            f"{service.subject} is not running", hint=f"First: {service.kind}:start {service.name}", code="not_running"
        )
    return found


def require_answering(host: Host, datastore: Datastore, service: Service) -> Container:
    """The same, and wait for a server that the engine has just started by itself, as after a power cut: before it answers, it
    repairs its data."""
    found = require_running(host, service)
    inside = Exec(host, service, service.container)
    if has_just_started(found, datastore.start_seconds) and not datastore.ready(inside):
        host.out.warn(f"{service.subject} has just started: waiting until its server answers")
        wait_ready(datastore, inside, restarts=found.restarts)
    return found


def has_just_started(found: Container, seconds: float) -> bool:
    """Whether the engine started it at most that long ago, but not when it was created, because `wait_ready` was called
    then."""
    if not (found.created_at and found.started_at):
        return False
    created, started = (datetime.fromisoformat(f"{at[:19]}+00:00") for at in (found.created_at, found.started_at))
    return started - created > timedelta(seconds=10) and datetime.now(UTC) - started < timedelta(seconds=seconds)


def wait_ready(datastore: Datastore, inside: Exec, *, seconds: float | None = None, restarts: int = 0) -> None:
    """Wait until the server answers. Raises HostError with its last lines if it exits or does not answer in time. restarts: how
    often it had restarted before."""
    host, limit = inside.host, datastore.start_seconds if seconds is None else seconds
    deadline = time.monotonic() + limit
    while True:
        found = host.containers().find(inside.container)
        if found is None or found.state in ("exited", "dead", "restarting") or found.restarts > restarts:
            how = "is gone" if found is None else f"ended with status {found.exit_code}"
            memory = ", it ran out of memory" if found and found.oom_killed else ""
            raise fault(inside, f"The server of {inside.service.subject} {how}{memory}")
        if datastore.ready(inside):
            return
        if time.monotonic() > deadline:
            raise fault(inside, f"The server of {inside.service.subject} does not answer after {limit:.0f} seconds")
        time.sleep(PAUSE)


def fault(inside: Exec, message: str) -> HostError:
    try:
        found = list(inside.host.sessions().logs(inside.container, tail=LAST_LINES))
    except DokkupyError:
        found = []
    lines = tuple(without_secrets(inside.service, line.decode(errors="replace")) for _, line in found)
    return HostError(message, details=lines, hint="Its last lines are above.", code="service_down")


class ServiceId(Record, file="services/*/*/service"):
    """The id of a service, read from a record whose other values may be broken."""

    id: str = ""


def identifier_of(host: Host, kind: str, name: str) -> str:
    """The id of a service whose record is broken. It is read from the record if possible, else from its container.
    Empty if there is none."""
    try:
        known = host.store.load(ServiceId, kind, name).id
    except StateError:
        known = None
    if known and re.fullmatch(r"[A-Za-z0-9_-]+", known):
        return known
    found = host.containers().find(container_of(kind, name))
    return found.labels.get(MARK, "") if found else ""


def containers_of(host: Host, identifier: str) -> list[Container]:
    return host.containers().find_all({MARK: identifier})


def remove_instance(host: Host, identifier: str, instance: str) -> None:
    """Remove the containers of one instance of a service. Idempotent."""
    for one in host.containers().find_all({MARK: identifier, INSTANCE: instance}):
        host.containers().remove(one.id)


def remove_instance_and_data(host: Host, *, identifier: str, instance: str, volume: str) -> None:
    """Undo the creation of an instance: remove all of it."""
    remove_instance(host, identifier, instance)
    if volume:
        host.volumes().remove(volume)


def remove_service(host: Host, *, identifier: str) -> None:
    """Stop and remove the containers, network and files of a service. Its volumes stay, with everything that the server
    acknowledged. Idempotent."""
    for one in containers_of(host, identifier):
        host.containers().stop(one.id, timeout=STOP_SECONDS, restart_policy="no")
    remove_all_but_data(host, identifier)


def remove_all_but_data(host: Host, identifier: str) -> None:
    """Kill and remove the containers, network and files of a service at once, like a power cut, because its data is no
    longer needed."""
    for one in containers_of(host, identifier):
        host.containers().remove(one.id)
    for network in host.networks().find_all({MARK: identifier}):
        try:
            host.networks().remove(network.name)
        except Conflict:
            host.out.warn(f"The network {network.name} is still in use and stays")
    shutil.rmtree(host.path("service-files", os.path.basename(identifier)), ignore_errors=True)


def remove_data(host: Host, identifier: str) -> None:
    """Remove all volumes of a service and so its data. Idempotent."""
    for volume in host.volumes().find_all({MARK: identifier}):
        host.volumes().remove(volume)


def remove_everything(host: Host, *, identifier: str) -> None:
    remove_all_but_data(host, identifier)
    remove_data(host, identifier)


def connect_apps(host: Host, *, kind: str, name: str) -> None:
    """Connect the service to the networks of the apps to which it is linked in the state."""
    from dokkupy_services.names import ServiceName

    if not records.has(host, kind, name):
        return
    for link in records.links(host, records.read(host, kind, ServiceName(name))):
        host.surroundings(AppName(link.app)).connect_services(AppName(link.app))
