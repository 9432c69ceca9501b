"""The scheduler docker-local: instances are containers of this host's engine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from dokkupy_apps.releases.start_command import start_command
from dokkupy_sdk import Host
from dokkupy_sdk.ending import how_it_ended, memory_limit
from dokkupy_sdk.errors import CheckFailed, Conflict, DokkupyError, NotFound
from dokkupy_sdk.model import Activity, Ending, Image, Instance, InstanceStatus, Readiness, Release
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.operation import Transaction, call
from dokkupy_sdk.port_map import environment_of, listening
from dokkupy_sdk.roles import (
    Container,
    Containers,
    ContainerSpec,
    ExecResult,
    Instances,
    Scheduler,
    Surroundings,
)
from dokkupy_sdk.threads import beside_each_other
from dokkupy_sdk.values import replace

from dokkupy_docker import command as commands
from dokkupy_docker import network
from dokkupy_docker.engine_api import api
from dokkupy_docker.engine_api.answers import Inspected
from dokkupy_docker.instances.activity import Sight, activity, first_process, process_of
from dokkupy_docker.instances.drain import wait_until_idle
from dokkupy_docker.instances.naming import rename, set_aside
from dokkupy_docker.instances.parallel import stopping
from dokkupy_docker.instances.settle import has_ended, wait_for_a_turn, wait_for_exits
from dokkupy_docker.options.translate import network_mode, without_ports
from dokkupy_docker.settings import LOCAL

REMEMBERED = 3600.0
MASK = "*******"


class DockerLocal(Scheduler, Instances, Surroundings):
    """Runs instances beside each other on this host."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.sights: dict[str, Sight] = {}
        self.images: dict[str, Image] = {}
        self.shells = commands.Shells()

    def prepare(self) -> Readiness:
        return self.host.engine().prepare()

    def start(
        self,
        release: Release,
        wanted: Sequence[tuple[ProcessType, int]],
        deployment: str,
        tx: Transaction,
        *,
        on_addresses: Callable[[Sequence[Instance]], None] | None = None,
    ) -> tuple[Instance, ...]:
        engine, app = self.host.engine(), release.app
        name = network.network_name(app)
        own = engine.networks.find(name)
        undo = call(remove_deployment, app=str(app), deployment=deployment, network=own is None)
        tx.register_undo("start instances", undo)
        subnet = network.ensure(engine.networks, app) if own is None else own.subnet
        present = self.connect_guests(app)
        addresses = network.free_addresses(subnet, [one.addresses[name] for one in present], len(wanted))
        plain = [
            instance_spec(release, process, index, address, deployment)
            for (process, index), address in zip(wanted, addresses, strict=True)
        ]
        planned = [
            Instance(
                app=app,
                process=process,
                index=index,
                id="",
                name=spec.name,
                address=address_of(spec),
                port=listening(release).port,
                release=release.number,
                deployment=deployment,
            )
            for (process, index), spec in zip(wanted, plain, strict=True)
        ]
        if on_addresses:
            on_addresses(planned)
        image = self.image_of(release)
        self.shells.recall(present)
        specs = [
            self.with_command(release, image, start_command(release, process), spec)
            for (process, _), spec in zip(wanted, plain, strict=True)
        ]
        containers = tx.step("start the instances", lambda: self.create_all(app, specs))
        made = [
            one.replace(id=container.id, name=container.name)
            for one, container in zip(planned, containers, strict=True)
        ]
        for container in containers:
            if isinstance(container, Inspected):
                self.sights[container.id] = Sight(process_of(container.pid))
        self.require_alive(release, made, [status_of(*one) for one in zip(made, containers, strict=True)])
        return tuple(made)

    def create_all(self, app: AppName, specs: Sequence[ContainerSpec]) -> list[Container]:
        """Create several instances at a time. If one fails, wait for those that have begun, so that the rollback
        removes them."""
        at_once = int(LOCAL.all(self.host.store, app)["parallel-schedule-count"])
        containers = self.host.containers()
        return beside_each_other([partial(containers.create, spec) for spec in specs], at_once)

    def require_alive(self, release: Release, made: Sequence[Instance], started: Sequence[InstanceStatus]) -> None:
        """Raises CheckFailed if one has ended at once. Those with checks are watched from their start, so the deploy
        does not wait for them here. started: their states right after the start."""
        from dokkupy_apps.routing.after_switch import is_checked

        has_checks = "checks" in release.settings
        unwatched = [one for one in made if not has_checks or not is_checked(release, one.process)]
        if unwatched:
            firsts = [self.sight_of(one).first for one in unwatched]
            seen = wait_for_a_turn(lambda: [activity(first) for first in firsts])
            gone = {one.id for one, now in zip(unwatched, seen, strict=True) if not now.alive}
            started = wait_for_exits(gone, lambda: self.status(made))
        dead = [row for row in started if has_ended(row)]
        if dead:
            ends = "; ".join(
                f"{release.app} {row.instance.dyno} "
                f"{how_it_ended(row, memory_limit(release.deploy_options(row.instance.process)))} right after the start"
                for row in dead
            )
            raise CheckFailed(ends, instances=tuple(row.instance for row in dead), states=tuple(dead))

    def one_off(
        self, release: Release, command: tuple[str, ...] | str | None, *, name: str, kind: str, dyno: str
    ) -> ContainerSpec:
        engine = self.host.engine()
        network.ensure(engine.networks, release.app)
        self.shells.recall(self.connect_guests(release.app))
        spec = ContainerSpec(
            name=name,
            image=release.image,
            env=environment_of(release, dyno),
            labels={
                **labels(release, kind, dyno.partition(".")[0], dyno),
                "dokkupy.release": str(release.number),
            },
            network=network.network_name(release.app),
            options=without_ports(release.options.get("run", ())),
            init=release.setting("scheduler-docker-local", "init-process", "true") == "true",
            stop_timeout=release.stop_timeout,
            log_max_size=release.setting("logs", "max-size", "10m"),
        )
        return self.with_command(release, self.image_of(release), command, spec)

    def image_of(self, release: Release) -> Image | None:
        """The image of a release. An id always stands for the same image, so the engine is asked once in a command."""
        found = self.images.get(release.image) or self.host.images().find(release.image)
        if found is not None:
            self.images[release.image] = found
        return found

    def with_command(
        self, release: Release, image: Image | None, command: tuple[str, ...] | str | None, spec: ContainerSpec
    ) -> ContainerSpec:
        """The spec with what it starts: a Procfile's text is run by the image's shell."""
        shell, images = release.setting("scheduler", "shell", commands.SHELL), self.host.images()
        entrypoint, words = commands.started(
            self.shells, images, image, command, interpreter=shell, init=spec.init, options=spec.options
        )
        return replace(spec, entrypoint=entrypoint, command=words, labels={**spec.labels, **self.shells.label(image)})

    def connect_services(self, app: AppName) -> None:
        if self.host.networks().find(network.network_name(app)) is not None:
            self.connect_guests(app)

    def connect_guests(self, app: AppName) -> list[Container]:
        """Connect the services of an app whose network exists; see `connect_services`. Returns the containers that were in
        the network, also the app's own."""
        engine, name = self.host.engine(), network.network_name(app)
        from dokkupy_sdk.hooks import linked_containers

        wanted = dict(pair for _, pair in self.host.hooks.gather(linked_containers, host=self.host, app=app))
        present = network.members(engine.containers, app)
        guests = network.guests(present)
        for one in guests:
            if one.name not in wanted:
                engine.networks.disconnect(name, one.id)
        for container in wanted.keys() - {one.name for one in guests}:
            try:
                engine.networks.connect(name, container, (wanted[container],))
            except NotFound:
                self.host.out.warn(f"{container}, which {app} uses, does not exist")
        return present

    def finalize(self, app: AppName, serving: Sequence[Instance], retiring: Sequence[Instance]) -> None:
        containers = self.host.containers()
        names = {one.id: one.name for one in containers.find_all({"dokkupy.app": app})}

        def name_of(one: Instance) -> str:
            """The name of an instance's container; empty if it is gone. A renamed app's containers have the old label."""
            found = None if one.id in names else containers.find(one.id)
            return names.get(one.id, found.name if found is not None else "")

        suffix = f".retired-{int(time.time())}"
        old = [one for one in retiring if (name := name_of(one)) and ".retired-" not in name]
        beside_each_other([partial(set_aside, containers, one.id, f"{app}.{one.dyno}{suffix}") for one in old])
        fresh = [one for one in serving if name_of(one) not in ("", f"{app}.{one.dyno}")]
        beside_each_other([partial(rename, containers, one.id, f"{app}.{one.dyno}") for one in fresh])

    def retire(self, instances: Sequence[Instance], *, timeout: int, drain: int | None = None) -> None:
        """Stop web instances after their connections have ended, and all others at once, in parallel."""
        containers = self.host.containers()
        alive = [one for one in instances if (found := containers.find(one.id)) and found.state == "running"]
        web = [one for one in alive if one.process == "web"]
        # One that ends while it drains stays ended, also over a restart of the engine.
        beside_each_other([partial(leave_ended, containers, one.id) for one in web])
        with stopping(containers, timeout) as stop:
            stop(one.id for one in alive if one not in web)
            wait_until_idle(self.host, web, timeout=timeout if drain is None else drain)
            stop(one.id for one in web)
        for one in instances:
            containers.remove(one.id)

    def stop(self, instances: Sequence[Instance], *, timeout: int) -> None:
        containers = self.host.containers()
        with stopping(containers, timeout) as stop:
            stop(one.id for one in instances)
        running = {one.id for one in containers.find_all({"dokkupy.kind": "deploy"}, running_only=True)}
        for one in instances:
            if one.id in running:
                containers.stop(one.id, timeout=timeout, restart_policy="no")

    def resume(self, release: Release, instances: Sequence[Instance]) -> tuple[Instance, ...]:
        running: list[Instance] = []
        containers = self.host.containers()
        for one in instances:
            try:
                containers.change(one.id, restart_policy=release.restart_policy)
                containers.start(one.id)
                running.append(one)
            except NotFound:
                continue
            except DokkupyError as error:
                self.host.out.warn(error.message)
        return tuple(running)

    def status(self, instances: Sequence[Instance]) -> tuple[InstanceStatus, ...]:
        engine, found = self.host.engine(), []
        for one in instances:
            container = engine.containers.find(one.id)
            if container is None:
                found.append(InstanceStatus(one, "missing"))
                continue
            code, oom = container.exit_code, container.oom_killed
            if container.restarts and container.state == "running":
                # for a container that runs again, the engine reports 0
                ends = engine.containers.endings(time.time() - REMEMBERED).get(container.id, ())
                code, oom = (ends[-1].exit_code, ends[-1].oom) if ends else (None, oom)
            found.append(replace(status_of(one, container), exit_code=code, oom_killed=oom))
        return tuple(found)

    def logs(
        self,
        instance: Instance,
        *,
        tail: int | None = None,
        follow: bool = False,
        timestamps: bool = False,
        since: int = 0,
    ) -> Iterator[tuple[str, bytes]]:
        return self.host.sessions().logs(instance.id, tail=tail, follow=follow, timestamps=timestamps, since=since)

    def exec(self, instance: Instance, command: Sequence[str], *, timeout: float = 30.0, user: str = "") -> ExecResult:
        return self.host.sessions().exec(instance.id, command, timeout=timeout, user=user)

    def attach_argv(self, instance: Instance, command: Sequence[str], *, tty: bool) -> list[str]:
        return self.host.sessions().attach_argv(instance.id, command, tty=tty)

    def steady(self, seconds: float) -> frozenset[str]:
        found = self.host.containers().find_all({"dokkupy.kind": "deploy"}, running_only=True)
        return frozenset(one.id for one in found if one.state == "running" and one.up_seconds >= seconds)

    def endings(self, since: float) -> Mapping[str, Sequence[Ending]]:
        return self.host.containers().endings(since)

    def activity(self, instances: Sequence[Instance]) -> tuple[Activity, ...]:
        return tuple(self.sight_of(one).look() for one in instances)

    def sight_of(self, one: Instance) -> Sight:
        if one.id not in self.sights:
            self.sights[one.id] = Sight(first_process(one.id))
        return self.sights[one.id]

    def orphans(self, app: AppName, known: Sequence[Instance]) -> tuple[Instance, ...]:
        ids = {one.id for one in known}
        found = self.host.containers().find_all({"dokkupy.app": app, "dokkupy.kind": "deploy"})
        return tuple(instance_of(app, one) for one in found if one.id not in ids)

    def inspect(self, instances: Sequence[Instance]) -> list[Mapping[str, Any]]:
        found = (api.get(f"/containers/{api.quoted(one.id)}/json") for one in instances)
        return [masked(one) for one in found if one is not None]

    def forget(self, app: AppName) -> None:
        engine = self.host.engine()
        found = engine.containers.find_all({"dokkupy.app": app})
        with stopping(engine.containers) as stop:
            stop(one.id for one in found if one.state == "running")
        for container in found:
            engine.containers.remove(container.id)
        network.remove(engine, app)


def status_of(one: Instance, container: Container) -> InstanceStatus:
    return InstanceStatus(
        one,
        container.state,
        container.exit_code,
        container.oom_killed,
        container.restarts,
        container.started_at,
    )


def masked(found: dict[str, Any]) -> dict[str, Any]:
    """The engine's answer without the values of the environment."""
    config = found.get("Config") or {}
    names = [text.partition("=")[0] for text in config.get("Env") or ()]
    return {**found, "Config": {**config, "Env": [f"{name}={MASK}" for name in names]}}


def leave_ended(containers: Containers, ref: str) -> None:
    try:
        containers.change(ref, restart_policy="no")
    except NotFound:
        pass


def remove_deployment(host: Host, *, app: str, deployment: str, network: bool) -> None:
    """Undo a start: remove the containers of the deployment, and the network that it created."""
    from dokkupy_docker.network import remove

    engine = host.engine()
    found = engine.containers.find_all({"dokkupy.app": app, "dokkupy.deployment": deployment})
    with stopping(engine.containers) as stop:  # a web instance got no request yet, but a worker may have begun a job
        stop(one.id for one in found if one.state == "running" and one.labels.get("dokkupy.process") != "web")
    for container in found:
        engine.containers.remove(container.id)
    if network:
        try:
            remove(engine, AppName(app))
        except Conflict:
            pass  # a one-off container uses the network


def labels(release: Release, kind: str, process: str, dyno: str) -> dict[str, str]:
    """With the label by which a log shipper recognizes the app. It replaces none of ours."""
    app = release.app
    return {
        release.setting("logs", "app-label-alias", "com.dokku.app-name"): app,
        "dokku": "",
        "org.label-schema.schema-version": "1.0",
        "org.label-schema.vendor": "dokku",
        "com.dokku.app-name": app,
        "com.dokku.process-type": process,
        "com.dokku.dyno": dyno,
        "com.dokku.container-type": kind,
        "dokkupy.app": app,
        "dokkupy.kind": kind,
        "dokkupy.process": process,
    }


def instance_spec(release: Release, process: ProcessType, index: int, address: str, deployment: str) -> ContainerSpec:
    app, dyno = release.app, f"{process}.{index}"
    return ContainerSpec(
        name=f"{app}.{dyno}.upcoming-{os.urandom(3).hex()}",
        image=release.image,
        env=environment_of(release, dyno),
        labels={
            **labels(release, "deploy", process, dyno),
            "dokkupy.index": str(index),
            "dokkupy.deployment": deployment,
            "dokkupy.release": str(release.number),
            "com.dokku.image-stage": "release",
        },
        network=network.network_name(app),
        address=address,
        aliases=(f"{app}.{process}",),
        restart_policy=release.restart_policy,
        options=release.deploy_options(process),
        init=release.setting("scheduler-docker-local", "init-process", "true") == "true",
        stop_timeout=release.stop_timeout,
        log_max_size=release.setting("logs", "max-size", "10m"),
    )


def address_of(spec: ContainerSpec) -> str:
    """The address at which the proxy reaches an instance: in the app's network, or on the host if it uses the host's
    network."""
    return "127.0.0.1" if network_mode(spec.options) == "host" else spec.address


def instance_of(app: AppName, container: Container) -> Instance:
    label = container.labels
    return Instance(
        app=app,
        process=ProcessType(label["dokkupy.process"]),
        index=int(label.get("dokkupy.index", "1")),
        id=container.id,
        name=container.name,
        address=container.addresses.get(network.network_name(app), ""),
        port=0,
        release=int(label.get("dokkupy.release", "0")),
        deployment=label.get("dokkupy.deployment", ""),
    )
