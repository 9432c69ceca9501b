"""Services: create, start, stop, rename and destroy them, and make them match their records."""

from __future__ import annotations

import re
import secrets
import shlex
import time
from collections.abc import Mapping
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, UserError
from dokkupy_sdk.model import Image
from dokkupy_sdk.names import EnvKey, Secret
from dokkupy_sdk.operation import Transaction, call, new_id, operation
from dokkupy_sdk.sizes import memory_bytes
from dokkupy_sdk.values import dataclass, field, replace

from dokkupy_services import hookspecs, records
from dokkupy_services.lifecycle import container, mounts
from dokkupy_services.lifecycle.images import image_ref, require_image
from dokkupy_services.lifecycle.missing import has_data, require_data
from dokkupy_services.lifecycle.trash import discard
from dokkupy_services.model import Link, Service, container_of
from dokkupy_services.names import ServiceName, linked_apps
from dokkupy_services.role import Datastore

RUNNING, PAUSED, STOPPED, MOVING = "running", "paused", "stopped", "moving"
"""The desired states of a service. Paused: its container is kept. Stopped: its container is removed. Moving: its data is
being moved to another instance, and no app can reach it."""

PASSWORD_BYTES = 16
"""Bytes of a generated password: 32 hexadecimal digits, as in Dokku."""


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """The options of a new service. Empty values stand for the datastore's defaults."""

    image: str = ""
    image_version: str = ""
    config_options: str = ""
    custom_env: Mapping[str, Secret] = field(default_factory=dict)
    memory: str = ""
    shm_size: str = ""
    restart_policy: str = ""
    cpus: str = ""
    password: str = ""
    root_password: str = ""
    mounts: tuple[str, ...] | None = None


def validated(wish: ServiceOptions, least: int = 0) -> ServiceOptions:
    """least: the number of characters of a password, as the datastore requires it."""
    try:
        shlex.split(wish.config_options)
    except ValueError as error:
        raise UserError(f"The config options cannot be split into arguments: {error}") from None
    if wish.memory:
        memory_bytes(wish.memory)
    if wish.cpus and not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", wish.cpus):
        raise UserError(f"{wish.cpus[:40]!r} is not a number of CPUs such as 0.5")
    if wish.shm_size and not re.fullmatch(r"[1-9]\d{0,12}(?:[bkmgBKMG]|[kmgKMG][bB])?", wish.shm_size):
        raise UserError(f"{wish.shm_size[:40]!r} is not a size such as 64m")
    if wish.restart_policy:
        validated_policy(wish.restart_policy)
    for name in ("password", "root_password"):
        given = getattr(wish, name)
        if given and not (re.fullmatch(r"[A-Za-z0-9_.~-]{1,128}", given) and len(given) >= least):
            raise UserError(
                f"A password has {least} to 128 letters, digits or . _ ~ - because these need no quoting in a URL",
                hint="Leave it out to have one generated",
            )
    for key in wish.custom_env:
        EnvKey(key)
    return wish


def validated_policy(text: str) -> str:
    if not re.fullmatch(r"no|always|unless-stopped|on-failure(:\d{1,4})?", text):
        raise UserError(f"{text[:40]!r} is not a restart policy of docker, such as always or on-failure:10")
    return text


def draft(datastore: Datastore, name: ServiceName, ref: str, image: Image, wish: ServiceOptions) -> Service:
    """A new service's record."""
    identifier = new_id()
    return Service(
        kind=datastore.kind,
        name=name,
        id=identifier,
        image=ref,
        image_id=image.id,
        version="",
        volume=f"dokkupy-{datastore.kind}-{identifier}" if datastore.data else "",
        database=datastore.database_of(name),
        user=datastore.user_of(name),
        password=Secret(wish.password or secrets.token_hex(PASSWORD_BYTES)),
        root_password=Secret(wish.root_password or secrets.token_hex(PASSWORD_BYTES)),
        created_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        config_options=wish.config_options,
        custom_env=dict(wish.custom_env),
        memory=wish.memory,
        cpus=wish.cpus,
        shm_size=wish.shm_size,
        restart_policy=wish.restart_policy or "always",
    )


def create(
    host: Host,
    datastore: Datastore,
    name: ServiceName,
    wish: ServiceOptions,
    *,
    networks: Mapping[str, str] | None = None,
) -> Service:
    """Create a service, and wait until it answers. A failure leaves nothing. Raises Conflict if the name is taken."""
    kind = datastore.kind
    for flag, given in (("--password", wish.password), ("--root-password", wish.root_password)):
        if given and not datastore.authenticates:
            host.out.warn(f"{flag} has no effect: {datastore.title} has no passwords")
    require_free(host, datastore, name)
    validated(wish, datastore.password_length)
    with operation(host, f"{kind}:create", records.subject(kind, name)) as tx:
        require_free(host, datastore, name)
        ref = image_ref(datastore, wish)
        image = tx.step(
            f"have the image {ref}",
            lambda: require_image(host, kind, ref, again=f"{kind}:create {name}"),
            planned=Image(""),
        )
        drafted = replace(
            draft(datastore, name, ref, image, wish),
            networks=validated_networks(networks or {}),
            mounts=mounts.validated(host, datastore, wish.mounts or ()),
        )
        mounts.prepare(tx, drafted.mounts)
        service = make(tx, datastore, drafted)
    host.events.record("service_created", service=service.subject)
    return service


def validated_networks(networks: Mapping[str, str]) -> dict[str, str]:
    """Names of docker networks, separated by commas."""
    for text in networks.values():
        for name in filter(None, text.split(",")):
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", name):
                raise UserError(f"{name[:60]!r} is not the name of a docker network")
    return {key: text for key, text in networks.items() if text}


def set_network(host: Host, datastore: Datastore, name: ServiceName, key: str, value: str) -> None:
    """Set or unset one of the service's additional networks. It takes effect when the container is next created."""
    records.read(host, datastore.kind, name)
    with operation(host, f"{datastore.kind}:set", records.subject(datastore.kind, name)) as tx:
        service = records.read(host, datastore.kind, name)
        after = replace(service, networks=validated_networks({**service.networks, key: value}))
        tx.save(after, datastore.kind, name)


def set_restart_policy(host: Host, datastore: Datastore, name: ServiceName, value: str) -> None:
    """Set the restart policy, or the default one. It takes effect when the container is next created."""
    records.read(host, datastore.kind, name)
    with operation(host, f"{datastore.kind}:set", records.subject(datastore.kind, name)) as tx:
        service = records.read(host, datastore.kind, name)
        tx.save(replace(service, restart_policy=validated_policy(value or "always")), datastore.kind, name)


def require_free(host: Host, datastore: Datastore, name: str) -> None:
    if records.has(host, datastore.kind, name):
        raise Conflict(f"{datastore.title} service {name} already exists", code="name_taken")


def make(tx: Transaction, datastore: Datastore, service: Service) -> Service:
    """Write a new service's record and start its first instance."""
    host = tx.host
    tx.save(service, service.kind, service.name)
    tx.register_undo("create the parts of the service", call(container.remove_everything, identifier=service.id))
    host.out.section(f"Starting the container of {service.subject}")
    inside = container.Exec(host, service, service.container)
    tx.step(
        f"start {service.container}",
        lambda: container.create(host, datastore, service, name=service.container, instance=service.id),
    )
    host.out.section("Waiting for container to be ready")
    tx.step("wait until the server answers", lambda: container.wait_ready(datastore, inside))
    tx.step("create the user and the database of apps", lambda: datastore.secure(inside))
    version = tx.step("ask the server for its version", lambda: datastore.version(inside), planned="")
    service = replace(service, version=version)
    tx.save(service, service.kind, service.name)
    return service


def destroy(host: Host, kind: str, name: ServiceName, *, purge: bool = False) -> Service | None:
    """Destroy a service. Its data is kept for a time, unless it is purged. Raises Conflict while it is linked.

    It does not depend on the plugin of its kind, nor on its record. Returns None if the record is broken: the data
    then stays, unless it is purged, but no record refers to it.
    """
    with operation(host, f"{kind}:destroy", records.subject(kind, name), takes_away=True) as tx:
        service = records.on_record(host, kind, name)
        linked = linked_apps(host, kind, name)
        if linked:
            raise Conflict(
                "Cannot delete linked service",
                details=(f"It is linked to: {', '.join(linked)}",),
                code="linked",
                hint="First: " + "; ".join(f"{kind}:unlink {name} {app}" for app in linked),
            )
        host.hooks.emit(hookspecs.pre_service_destroy, host=host, service=f"{kind}:{name}", tx=tx)
        kept = discard(tx, service) if service and service.volume and not purge else None
        identifier = service.id if service else container.identifier_of(host, kind, name)
        tx.remove(Service, kind, name)
        stays = kept is not None or (service is None and not purge)
        tx.describe_plan(
            f"remove the container {container_of(kind, name)}", *([] if stays else ["delete its data permanently"])
        )
        gone = container.remove_service if stays else container.remove_everything
        tx.commit(after=(call(gone, identifier=identifier),) if identifier else ())
    if service is None and not purge:
        for volume in host.volumes().find_all({container.MARK: identifier}) if identifier else ():
            host.out.warn(f"Its data stays in the volume {volume}; to remove it: docker volume rm {volume}")
    host.events.record("service_destroyed", service=f"{kind}:{name}")
    return service


def rename(host: Host, datastore: Datastore, name: ServiceName, new: ServiceName) -> Service:
    """Rename a service. Linked apps are not affected, because the host name in their URL does not change."""
    kind = datastore.kind
    records.read(host, kind, name)
    if name == new:
        raise UserError("The two names are the same")
    require_free(host, datastore, new)
    with operation(host, f"{kind}:rename", records.subject(kind, new), also=(records.subject(kind, name),)) as tx:
        require_free(host, datastore, new)
        before = records.read(host, kind, name)
        require_still(before)
        after = replace(before, name=new)
        tx.save(after, kind, new)
        for link in records.links(host, before):
            tx.save(link, kind, new, link.app)
        tx.step(
            f"rename {before.container} to {after.container}",
            partial(rename_containers, host, before, after),
            undo=call(rename_back, kind=kind, name=str(name), identifier=before.id),
        )
        for link in records.links(host, before):
            tx.remove(Link, kind, name, link.app)
        tx.remove(Service, kind, name)
        host.hooks.emit(hookspecs.post_service_rename, host=host, old=before.subject, new=after.subject, tx=tx)
    host.events.record("service_renamed", service=after.subject, old=before.subject)
    return after


def rename_containers(host: Host, before: Service, after: Service) -> None:
    for one in container.containers_of(host, before.id):
        if one.name.startswith(before.container):
            host.containers().change(one.id, name=after.container + one.name.removeprefix(before.container))


def rename_back(host: Host, *, kind: str, name: str, identifier: str) -> None:
    """Undo a rename. The record under the old name still exists."""
    before = records.read(host, kind, ServiceName(name))
    for one in container.containers_of(host, identifier):
        suffix = "".join(one.name.partition(".ambassador")[1:])
        host.containers().change(one.id, name=before.container + suffix)


def require_still(service: Service) -> None:
    """Raise Conflict while a service's data is being moved."""
    if service.state == MOVING:
        raise Conflict(
            f"{service.subject} is being moved to another instance",
            hint="Wait until the move has ended.",
            code="moving",
        )


# start and stop


def set_state(host: Host, datastore: Datastore, name: ServiceName, state: str, verb: str) -> Service:
    """Start, pause or stop a service, and record that state."""
    kind = datastore.kind
    records.read(host, kind, name)
    with operation(host, f"{kind}:{verb}", records.subject(kind, name)) as tx:
        service = records.read(host, kind, name)
        require_still(service)
        wanted = replace(service, state=state)
        if state == RUNNING:
            require_data(host, service)
        tx.register_undo("restore the container", call(bring_to_state_of_record, kind=kind, name=str(name)))
        tx.save(wanted, kind, name)
        tx.step(f"{verb} {service.container}", lambda: bring_to_state(host, datastore, wanted))
    return wanted


def bring_to_state_of_record(host: Host, *, kind: str, name: str) -> None:
    """Undo a change of state. A service without data had no container before."""
    if records.has(host, kind, name):
        service = records.read(host, kind, ServiceName(name))
        if has_data(host, service):
            bring_to_state(host, records.datastore(host, kind), service)


def restart(host: Host, datastore: Datastore, name: ServiceName) -> Service:
    kind = datastore.kind
    records.read(host, kind, name)
    with operation(host, f"{kind}:restart", records.subject(kind, name)) as tx:
        service = replace(records.read(host, kind, name), state=RUNNING)
        require_still(records.read(host, kind, name))
        require_data(host, service)
        tx.save(service, kind, name)
        tx.step(
            f"stop {service.container}",
            lambda: host.containers().stop(service.container, timeout=datastore.stop_seconds),
            undo=call(bring_to_state_of_record, kind=kind, name=str(name)),
        )
        tx.step(f"start {service.container}", lambda: bring_to_state(host, datastore, service))
    return service


def bring_to_state(host: Host, datastore: Datastore, service: Service) -> list[str]:
    """Make a service's container match its record. Returns a line for each change. Idempotent."""
    containers = host.containers()
    found = containers.find(service.container)
    if service.state == STOPPED:
        if found is None:
            return []
        containers.stop(found.id, timeout=datastore.stop_seconds, restart_policy="no")
        containers.remove(found.id)
        return [f"{service.subject}: stopped"]
    if service.state == PAUSED:
        if found is None or found.state in ("exited", "created"):
            return []
        containers.stop(found.id, timeout=datastore.stop_seconds, restart_policy="no")
        return [f"{service.subject}: paused"]
    if found is not None and found.state == "running":
        return []
    require_data(host, service)
    if found is None:
        service = with_image(host, service)
        container.create(host, datastore, service, name=service.container, instance=service.id)
        did = "its container was created again"
    else:
        # Create it again, because `pause` removed its restart policy.
        containers.remove(found.id)
        container.create(host, datastore, service, name=service.container, instance=service.id)
        did = "started"
    container.connect_apps(host, kind=service.kind, name=service.name)
    container.wait_ready(datastore, container.Exec(host, service, service.container))
    return [f"{service.subject}: {did}"]


def with_image(host: Host, service: Service) -> Service:
    """The service with an existing image: its own, or else the one to which its reference refers now."""
    if host.images().find(service.image_id) is not None:
        return service
    host.out.warn(
        f"The image of {service.subject} is no longer in the engine; using the image that {service.image} now refers to"
    )
    return replace(service, image_id=require_image(host, service.kind, service.image).id)


def reconcile(host: Host, kind: str, name: ServiceName, *, wait: float = 0) -> list[str]:
    """Make one service match its record, after recovering unfinished operations on it."""
    with operation(host, "recover", records.subject(kind, name), wait=wait):
        if not records.has(host, kind, name):
            return []
        service = records.read(host, kind, name)
        return bring_to_state(host, records.datastore(host, kind), service)


def is_as_wanted(service: Service, states: Mapping[str, str]) -> bool:
    """Whether a service's containers match its record. states: name -> state of the engine's containers."""
    if service.state == RUNNING:
        return all(states.get(name) == "running" for name in (service.container, *service.ambassadors))
    state = states.get(service.container, "")
    return service.state == MOVING or not state or (service.state == PAUSED and state in ("exited", "created"))


def is_up(host: Host, service: Service) -> bool:
    found = host.containers().find(service.container)
    return found is not None and found.state == "running"


def status(host: Host, service: Service) -> str:
    """The state of the service's container: running, exited, missing..."""
    found = host.containers().find(service.container)
    return "missing" if found is None else found.state
