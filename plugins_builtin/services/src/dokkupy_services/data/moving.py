"""Moves a service's data to another version (`upgrade`), or replaces its content (`import`, a restore).

The new instance is created beside the old one, on its own volume, and checked before it replaces the old one. Until
then nothing changes;
afterwards the old instance's data is kept for a time, for `revert`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, HostError, NotFound
from dokkupy_sdk.model import Image
from dokkupy_sdk.operation import Transaction, call, new_id, operation
from dokkupy_sdk.values import dataclass, replace

from dokkupy_services import records
from dokkupy_services.data import pipes
from dokkupy_services.lifecycle import container, missing, mounts, trash
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec, require_answering
from dokkupy_services.lifecycle.images import image_ref, require_image
from dokkupy_services.lifecycle.service import MOVING, ServiceOptions
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore


@dataclass(frozen=True, slots=True)
class Moved:
    """The result of a move. seconds: how long linked apps could not reach the service. how: in-place or moved."""

    service: Service
    seconds: float
    how: str


class Watch:
    """Measures how long the apps are disconnected."""

    def __init__(self) -> None:
        self.since = time.monotonic()

    def start(self) -> None:
        self.since = time.monotonic()

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self.since, 2)


def require_usable(host: Host, datastore: Datastore, service: Service) -> None:
    """Raises Conflict unless the service runs and is not being moved, and waits for a server that has just started."""
    lifecycle.require_still(service)
    require_answering(host, datastore, service)


def upgrade(host: Host, datastore: Datastore, name: ServiceName, wish: ServiceOptions) -> Moved:
    """Switch a service to another image, with its data. Raises HostError if the data then differs, and keeps the old
    instance."""
    kind = datastore.kind
    records.read(host, kind, name)
    with operation(host, f"{kind}:upgrade", records.subject(kind, name)) as tx:
        before = records.read(host, kind, name)
        require_usable(host, datastore, before)
        ref = image_ref(datastore, lifecycle.validated(wish), before.image)
        image = tx.step(f"get the image {ref}", lambda: require_image(host, kind, ref), planned=Image(""))
        after = wished(before, ref, image, wish)
        if wish.mounts is not None:
            after = replace(after, mounts=mounts.validated(host, datastore, wish.mounts))
            mounts.prepare(tx, after.mounts)
        if after == before:
            host.out.section(f"{before.subject} already runs {ref}")
            return Moved(before, 0.0, "nothing")
        return move_versions(tx, datastore, before, after)


def wished(before: Service, ref: str, image: Image, wish: ServiceOptions) -> Service:
    after = replace(before, image=ref, image_id=image.id)
    for key in ("config_options", "memory", "cpus", "shm_size", "restart_policy"):
        if getattr(wish, key):
            after = replace(after, **{key: getattr(wish, key)})
    return replace(after, custom_env=dict(wish.custom_env)) if wish.custom_env else after


def move_versions(tx: Transaction, datastore: Datastore, before: Service, after: Service) -> Moved:
    host = tx.host
    instance = new_id()
    if not datastore.data or after.image_id == before.image_id:
        return in_place(tx, datastore, before, after, instance)
    host.out.section(f"Starting {after.image} beside {before.image}")
    beside = start_beside(tx, datastore, replace(after, volume=volume_of(after, instance)), instance)
    if host.dry_run:
        tx.describe_plan(
            "move the data, unless the new server can use it as it is", "replace the old instance with the new one"
        )
        return Moved(after, 0.0, "moved")
    if datastore.keeps_data(before.version, beside.service.version):
        tx.step("remove the temporary instance", partial(discard_beside, host, beside.service, instance))
        return in_place(tx, datastore, before, replace(after, version=beside.service.version), instance)
    if not datastore.dumps:
        raise Conflict(
            f"{datastore.title} cannot move its data from {before.version} to {beside.service.version}",
            hint=f"Create another service with the new version, and have the apps use it: {before.kind}:create NAME --image-version {beside.service.version}",
        )
    host.out.section(f"Moving the data from {before.version} to {beside.service.version}")
    watch = Watch()
    with_apps_off(tx, before)
    source = Exec(host, before, before.container)
    tx.step("move the data", partial(pipes.transfer, datastore, source, beside))
    tx.step("compare the data", partial(require_same, datastore, source, beside))
    take_over(tx, before, beside.service, instance)
    return Moved(records.read(host, before.kind, before.name), watch.seconds, "moved")


def volume_of(service: Service, instance: str) -> str:
    return f"dokkupy-{service.kind}-{instance}"


def start_beside(tx: Transaction, datastore: Datastore, service: Service, instance: str) -> Exec:
    """A new, empty instance of a service with its own volume, which accepts connections."""
    host = tx.host
    name = f"{service.container}.{instance[-8:]}"
    inside = Exec(host, service, name)
    tx.step(
        f"start {service.image} beside it",
        lambda: container.create(host, datastore, service, name=name, instance=instance),
        undo=call(container.remove_instance_and_data, identifier=service.id, instance=instance, volume=service.volume),
    )
    tx.step("wait until the server answers", lambda: container.wait_ready(datastore, inside))
    tx.step("create the user and the database of apps", lambda: datastore.secure(inside))
    version = tx.step("ask the server for its version", lambda: datastore.version(inside), planned="")
    return Exec(host, replace(service, version=version), name)


def discard_beside(host: Host, service: Service, instance: str) -> None:
    container.remove_instance_and_data(host, identifier=service.id, instance=instance, volume=service.volume)


def with_apps_off(tx: Transaction, service: Service) -> None:
    """Disconnect the apps, because their writes would no longer be copied."""
    host = tx.host
    tx.register_undo(
        "connect it to the apps again", call(container.connect_apps, kind=service.kind, name=str(service.name))
    )
    tx.save(replace(service, state=MOVING), service.kind, service.name)
    tx.step("disconnect it from the apps", lambda: container.connect_apps(host, kind=service.kind, name=service.name))


def require_same(datastore: Datastore, source: Exec, target: Exec) -> None:
    lines = pipes.compare(dict(datastore.invariants(source)), dict(datastore.invariants(target)))
    if lines:
        raise HostError(
            f"The data of {source.service.subject} differs after the move",
            details=tuple(lines[:20]),
            hint="The old instance is still serving.",
            code="data_differs",
        )


def take_over(tx: Transaction, before: Service, after: Service, instance: str) -> None:
    """The commit makes the new instance the service's. The data of the old one is kept for a revert."""
    host = tx.host
    until = time.strftime(
        "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + trash.days(host, "previous-days") * trash.DAY)
    )
    previous = {
        "image": before.image,
        "image_id": before.image_id,
        "version": before.version,
        "volume": before.volume,
        "until": until,
    }
    if not missing.has_data(host, before):
        previous = {}  # there is nothing to revert to
    after = replace(after, state=lifecycle.RUNNING, previous=previous)
    tx.save(after, after.kind, after.name)
    tx.follow(call(finish_move, kind=after.kind, name=str(after.name), instance=instance))


def finish_move(host: Host, *, kind: str, name: str, instance: str) -> None:
    """Give the service's name and its apps to the new instance, then remove the old one. Idempotent."""
    service = records.read(host, kind, ServiceName(name))
    datastore, engine = records.datastore(host, kind), host.engine()
    mine = container.containers_of(host, service.id)
    servers = [one for one in mine if container.INSTANCE in one.labels]
    old = [one for one in servers if one.labels[container.INSTANCE] != instance]
    for one in old:
        if one.name == service.container:
            engine.containers.change(one.id, name=f"{service.container}.previous")
    for one in servers:
        if one.labels[container.INSTANCE] == instance:
            engine.containers.change(one.id, name=service.container)
    container.connect_apps(host, kind=kind, name=name)
    for one in old:
        engine.containers.stop(one.id, timeout=datastore.stop_seconds, restart_policy="no")
        engine.containers.remove(one.id)
    forget_old_volumes(host, service)


def forget_old_volumes(host: Host, service: Service) -> None:
    """Delete a service's volumes except the current and the previous one."""
    kept = (service.volume, service.previous.get("volume", ""))
    for volume in host.volumes().find_all({container.MARK: service.id}):
        if volume not in kept:
            host.volumes().remove(volume)


def in_place(tx: Transaction, datastore: Datastore, before: Service, after: Service, instance: str) -> Moved:
    """Replace the container, with the same data. A revert remains possible."""
    host, watch = tx.host, Watch()
    after = replace(after, state=lifecycle.RUNNING)
    tx.register_undo(
        "restore the old container",
        call(back_in_place, kind=before.kind, name=str(before.name), instance=instance),
    )
    host.out.section(f"Replacing the container of {before.subject}")
    tx.step(f"stop {before.container}", partial(end_container, host, datastore, before))
    tx.step(
        f"start {after.image}",
        lambda: container.create(host, datastore, after, name=after.container, instance=instance),
    )
    inside = Exec(host, after, after.container)
    tx.step("connect it to the apps", lambda: container.connect_apps(host, kind=after.kind, name=after.name))
    tx.step("wait until the server answers", lambda: container.wait_ready(datastore, inside))
    seconds = watch.seconds
    version = tx.step("ask the server for its version", lambda: datastore.version(inside), planned=after.version)
    take_over(tx, before, replace(after, version=version), instance)
    return Moved(records.read(host, after.kind, after.name), seconds, "in-place")


def end_container(host: Host, datastore: Datastore, service: Service) -> None:
    host.containers().stop(service.container, timeout=datastore.stop_seconds, restart_policy="no")
    host.containers().remove(service.container)


def back_in_place(host: Host, *, kind: str, name: str, instance: str) -> None:
    service = records.read(host, kind, ServiceName(name))
    for one in host.containers().find_all({container.MARK: service.id, container.INSTANCE: instance}):
        host.containers().stop(
            one.id, timeout=container.STOP_SECONDS, restart_policy="no"
        )  # it has the only copy of the data
    container.remove_instance(host, service.id, instance)
    lifecycle.bring_to_state(host, records.datastore(host, kind), service)


def set_networks(host: Host, datastore: Datastore, service: ServiceName, networks: Mapping[str, str]) -> None:
    for key, value in networks.items():
        if value:
            lifecycle.set_network(host, datastore, service, key, value)


def revert(host: Host, datastore: Datastore, name: ServiceName) -> Moved:
    """Return to the instance before the last upgrade, import or restore, with its data from then. The current instance is
    kept for another revert."""
    kind = datastore.kind
    records.read(host, kind, name)
    with operation(host, f"{kind}:revert", records.subject(kind, name)) as tx:
        before = records.read(host, kind, name)
        lifecycle.require_still(before)
        if not before.previous:
            raise NotFound(
                f"{before.subject} has no previous instance to go back to",
                hint="An upgrade, an import or a restore keeps the instance before it. Restore a backup instead: dokkupy backups:list",
            )
        was = before.previous
        after = replace(
            before, image=was["image"], image_id=was["image_id"], version=was["version"], volume=was["volume"]
        )
        if after.volume and after.volume not in host.volumes().find_all({container.MARK: before.id}):
            raise NotFound(
                f"The volume {after.volume} of the previous instance is missing",
                hint=f"Restore a backup instead: dokkupy backups:list {before.subject}",
            )
        if host.images().find(after.image_id) is None:
            image = tx.step(
                f"get the image {after.image}",
                lambda: require_image(host, before.kind, after.image),
                planned=Image(""),
            )
            after = replace(after, image_id=image.id)
        return in_place(tx, datastore, before, after, new_id())


def put_content(host: Host, datastore: Datastore, name: ServiceName, pieces: Iterable[bytes], verb: str) -> Moved:
    """Replace a service's content by that of a dump. On failure, the content does not change."""
    kind = datastore.kind
    records.read(host, kind, name)
    with operation(host, f"{kind}:{verb}", records.subject(kind, name)) as tx:
        before = records.read(host, kind, name)
        lifecycle.require_still(before)
        # The image may be missing, for example on a rebuilt host.
        kept = before
        before = tx.step(f"get the image {kept.image}", lambda: lifecycle.with_image(host, kept), planned=kept)
        instance = new_id()
        beside = start_beside(tx, datastore, replace(before, volume=volume_of(before, instance)), instance)
        tx.step("load the content", partial(pipes.restore, datastore, beside, pieces))
        watch = Watch()
        take_over(tx, before, beside.service, instance)
    return Moved(records.read(host, kind, name), watch.seconds, "moved")


def clone(
    host: Host,
    datastore: Datastore,
    name: ServiceName,
    new: ServiceName,
    wish: ServiceOptions,
    *,
    networks: Mapping[str, str] | None = None,
) -> Service:
    """Create a service with a copy of the data and passwords of its own. Database and user keep the source's names,
    because the data refers to them."""
    kind = datastore.kind
    records.read(host, kind, name)
    lifecycle.require_free(host, datastore, new)
    with operation(host, f"{kind}:clone", records.subject(kind, new), also=(records.subject(kind, name),)) as tx:
        source = records.read(host, kind, name)
        require_usable(host, datastore, source)
        lifecycle.require_free(host, datastore, new)
        ref = image_ref(datastore, lifecycle.validated(wish), source.image)
        if ref == source.image:
            image = Image(source.image_id)
        else:
            image = tx.step(f"get the image {ref}", lambda: require_image(host, kind, ref), planned=Image(""))
        fresh = lifecycle.draft(datastore, new, ref, image, wish)
        fresh = replace(fresh, database=source.database, user=source.user)
        for key in ("config_options", "custom_env", "memory", "cpus", "shm_size", "restart_policy"):
            if not getattr(wish, key):
                fresh = replace(fresh, **{key: getattr(source, key)})
        given = lifecycle.validated_networks(networks or {})
        mounted = source.mounts if wish.mounts is None else wish.mounts
        fresh = replace(fresh, networks={**source.networks, **given}, mounts=mounts.validated(host, datastore, mounted))
        mounts.prepare(tx, fresh.mounts)
        copy = lifecycle.make(tx, datastore, fresh)
        ends = Exec(host, source, source.container), Exec(host, copy, copy.container)
        host.out.section(f"Copying the data of {name} into {new}")
        tx.step("copy the data", partial(pipes.transfer, datastore, *ends))
    host.events.record("service_cloned", service=copy.subject, old=source.subject)
    return copy


def forget_previous_due(host: Host, now: str = "") -> list[str]:
    """Delete the data of previous instances that has been kept long enough. The timer calls this."""
    at = now or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    lines = []
    for service in records.services(host):
        if service.previous and service.previous["until"] <= at and service.state != MOVING:
            with operation(
                host, "remove the previous instance", records.subject(service.kind, service.name), wait=0
            ) as tx:
                fresh = replace(records.read(host, service.kind, service.name), previous={})
                tx.save(fresh, service.kind, service.name)
                tx.commit(after=(call(forget_volumes_of, kind=service.kind, name=str(service.name)),))
            lines.append(f"{service.subject}: the instance from before the last upgrade was removed")
    return lines


def forget_volumes_of(host: Host, *, kind: str, name: str) -> None:
    forget_old_volumes(host, records.read(host, kind, ServiceName(name)))
