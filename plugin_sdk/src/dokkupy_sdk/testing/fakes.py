"""Fakes of the roles, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dokkupy_sdk import Host, errors
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.errors import CheckFailed
from dokkupy_sdk.model import (
    Build,
    Ending,
    Image,
    Instance,
    InstanceStatus,
    Port,
    Readiness,
    Release,
    Route,
    Source,
    Unserved,
)
from dokkupy_sdk.names import AppName, Domain, ProcessType
from dokkupy_sdk.operation import Transaction, call
from dokkupy_sdk.port_map import environment_of, listening
from dokkupy_sdk.roles import (
    Builder,
    ContainerSpec,
    ExecResult,
    Instances,
    Proxy,
    Scheduler,
    SourceStore,
    Surroundings,
)
from dokkupy_sdk.testing.fake_engine import FakeEngine
from dokkupy_sdk.values import dataclass


class FakeScheduler(Scheduler, Instances, Surroundings):
    """dead: process types whose instances are dead on arrival."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.dead: set[str] = set()
        self.addresses = 1

    def prepare(self) -> Readiness:
        return Readiness()

    def start(
        self,
        release: Release,
        wanted: Sequence[tuple[ProcessType, int]],
        deployment: str,
        tx: Transaction,
        *,
        on_addresses: Callable[[Sequence[Instance]], None] | None = None,
    ) -> tuple[Instance, ...]:
        tx.register_undo("start instances", call(remove_fakes, app=str(release.app), deployment=deployment))
        made: list[Instance] = []
        self.connect_services(release.app)
        numbers = range(self.addresses + 1, self.addresses + 1 + len(wanted))
        self.addresses += len(wanted)
        planned = [
            Instance(
                app=release.app,
                process=process,
                index=index,
                id="",
                name=f"{release.app}.{process}.{index}.upcoming-{number}",
                address=f"10.0.{number // 250}.{number % 250}",
                port=listening(release).port,
                release=release.number,
                deployment=deployment,
            )
            for (process, index), number in zip(wanted, numbers, strict=True)
        ]
        if on_addresses:
            on_addresses(planned)
        for (process, index), one in zip(wanted, planned, strict=True):
            container = self.host.containers().create(
                ContainerSpec(
                    one.name,
                    release.image,
                    command=(release.processes[process] or "",),
                    env=environment_of(release, f"{process}.{index}"),
                    network=f"app-{release.app}",
                    address=one.address,
                    labels={
                        "dokkupy.app": release.app,
                        "dokkupy.kind": "deploy",
                        "dokkupy.process": process,
                        "dokkupy.index": str(index),
                        "dokkupy.deployment": deployment,
                        "dokkupy.release": str(release.number),
                    },
                )
            )
            made.append(one.replace(id=container.id))
        dead = tuple(one for one in made if one.process in self.dead)
        if dead:
            raise CheckFailed(f"{dead[0].dyno} exited at once", instances=dead)
        return tuple(made)

    def one_off(
        self, release: Release, command: tuple[str, ...] | str | None, *, name: str, kind: str, dyno: str
    ) -> ContainerSpec:
        words = (command,) if isinstance(command, str) else command
        return ContainerSpec(
            name,
            release.image,
            command=words,
            env=environment_of(release, dyno),
            labels={"dokkupy.app": release.app, "dokkupy.kind": kind},
        )

    def connect_services(self, app: AppName) -> None:
        engine, name = self.host.engine(), f"app-{app}"
        wanted = dict(pair for _, pair in self.host.hooks.gather(hookspecs.linked_containers, host=self.host, app=app))
        for one in engine.containers.find_all({}):
            if name in one.addresses and "dokkupy.app" not in one.labels and one.name not in wanted:
                engine.networks.disconnect(name, one.id)
        for container, alias in wanted.items():
            engine.networks.connect(name, container, (alias,))

    def finalize(self, app: AppName, serving: Sequence[Instance], retiring: Sequence[Instance]) -> None:
        containers = self.host.containers()
        for one in retiring:
            found = containers.find(one.id)
            if found and ".retired-" not in found.name:
                containers.change(one.id, name=f"{found.name}.retired-{one.id[-6:]}")
        for one in serving:
            if containers.find(one.id):
                containers.change(one.id, name=f"{app}.{one.dyno}")

    def retire(self, instances: Sequence[Instance], *, timeout: int, drain: int | None = None) -> None:
        for one in instances:
            self.host.containers().remove(one.id)

    def stop(self, instances: Sequence[Instance], *, timeout: int) -> None:
        for one in instances:
            self.host.containers().stop(one.id, timeout=timeout)

    def resume(self, release: Release, instances: Sequence[Instance]) -> tuple[Instance, ...]:
        alive = [one for one in instances if self.host.containers().find(one.id)]
        for one in alive:
            self.host.containers().start(one.id)
        return tuple(alive)

    def status(self, instances: Sequence[Instance]) -> tuple[InstanceStatus, ...]:
        found = []
        for one in instances:
            seen = self.host.containers().find(one.id)
            if seen is None:
                found.append(InstanceStatus(one, "missing"))
            else:
                found.append(InstanceStatus(one, seen.state, seen.exit_code, seen.oom_killed, seen.restarts))
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
        return frozenset(one.id for one in found if one.up_seconds >= seconds)

    def endings(self, since: float) -> Mapping[str, Sequence[Ending]]:
        return self.host.containers().endings(since)

    def orphans(self, app: AppName, known: Sequence[Instance]) -> tuple[Instance, ...]:
        ids = {one.id for one in known}
        return tuple(
            Instance(
                app=app,
                process=ProcessType(c.labels["dokkupy.process"]),
                index=int(c.labels["dokkupy.index"]),
                id=c.id,
                name=c.name,
                address="",
                port=0,
                release=int(c.labels["dokkupy.release"]),
                deployment=c.labels["dokkupy.deployment"],
            )
            for c in self.host.containers().find_all({"dokkupy.app": app, "dokkupy.kind": "deploy"})
            if c.id not in ids
        )

    def inspect(self, instances: Sequence[Instance]) -> list[Mapping[str, Any]]:
        return [
            {
                "Id": one.instance.id,
                "Name": f"{one.instance.app}.{one.instance.dyno}",
                "RestartCount": one.restarts,
                "State": {"Status": one.state, "ExitCode": one.exit_code, "OOMKilled": one.oom_killed},
            }
            for one in self.status(instances)
            if one.state != "missing"
        ]

    def forget(self, app: AppName) -> None:
        for container in self.host.containers().find_all({"dokkupy.app": app}):
            self.host.containers().remove(container.id)


def remove_fakes(host: Host, *, app: str, deployment: str) -> None:
    for container in host.containers().find_all({"dokkupy.app": app, "dokkupy.deployment": deployment}):
        host.containers().remove(container.id)


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """at: when it came (epoch seconds). seconds: until its answer. lost: no instance answered."""

    app: AppName
    at: float
    seconds: float
    lost: bool


class FakeProxy(Proxy):
    """routes: what is applied, by app. refuses: apps whose next application raises. waiting: reason and names of the apps that were announced. answered_requests: those of clients, as a front records them. closed: ports of instances on which nothing listens. silent: names at which
    clients reach nobody."""

    schemes = (*Proxy.schemes, "tcp", "udp")

    def __init__(self, host: Host) -> None:
        self.host = host
        self.routes: dict[str, Route] = {}
        self.refuses: set[str] = set()
        self.closed: set[int] = set()
        self.silent: set[str] = set()
        self.waiting: dict[str, tuple[str, ...]] = {}
        self.answered_requests: list[AnsweredRequest] = []
        self.reloads = 0

    def prepare(self, scheme: str = "") -> Readiness:
        return Readiness()

    def apps(self) -> tuple[AppName, ...]:
        return tuple(AppName(name) for name in self.routes)

    def validate(self, routes: Sequence[Route]) -> None:
        self.require_accepted(routes, {})

    def require_accepted(self, routes: Sequence[Route], others: Mapping[str, Route]) -> None:
        from dokkupy_sdk.errors import AppError
        from dokkupy_sdk.ports import is_direct, transport

        sockets: dict[tuple[str, int], str] = {}
        places: dict[tuple[str, int], tuple[bool, str]] = {}
        for route in (*others.values(), *routes):
            if route.app in self.refuses and route in routes:
                raise AppError(f"The proxy refuses the configuration of {route.app}")
            for row in route.ports:
                direct, owner = places.setdefault((transport(row), row.host), (is_direct(row), route.app))
                if (direct or is_direct(row)) and (direct, owner) != (is_direct(row), route.app):
                    raise AppError(f"App {route.app}: the port {row.host} belongs to {owner}")
            for name, port in ((name, port.host) for name in route.domains for port in route.ports):
                if sockets.setdefault((name, port), route.app) != route.app:
                    raise AppError(f"App {route.app}: {name} is a name of {sockets[name, port]}")
            if route.extra:
                from dokkupy_sdk.testing.front_rules import require_facts

                require_facts(route)

    def apply(self, routes: Sequence[Route], *, remove: Sequence[AppName] = ()) -> None:
        gone = {*remove, *(route.app for route in routes)}
        kept = {app: route for app, route in self.routes.items() if app not in gone}
        self.require_accepted(routes, kept)
        before = self.routes
        changed = {str(route.app): route for route in routes}
        self.routes = {app: route for app, route in before.items() if app in kept or app in changed} | changed
        self.reloads += before != self.routes

    def serving(self) -> Mapping[str, Route]:
        """The routes by which clients are answered (`testing.front`)."""
        return self.routes

    def unserved(self, route: Route) -> tuple[Unserved, ...]:
        """Asks nobody: the instances of the fakes listen everywhere but where a test says that they do not."""
        from dokkupy_sdk.reach import names_on

        applied = str(route.app) in self.routes
        return tuple(
            Unserved(name, port, "nobody listens")
            for port in route.ports
            if port.scheme != "udp"
            for name in names_on(route, port)
            if not applied or name in self.silent or not self.answered(route, port, name)
        )

    def answered(self, route: Route, port: Port, name: Domain | None) -> bool:
        """Whether `/` has an answer: of an instance, of a fact, or the redirect to TLS."""
        has_tls = any(one.scheme == "https" for one in route.ports) and route.certificate_of(name or "_")
        if port.scheme == "http" and has_tls:
            return True
        if route.extra:
            from dokkupy_sdk.testing.front_rules import covers_everything

            if covers_everything(route, name):
                return True
        return any(one.port not in self.closed for one in route.upstreams.get(port.container, ()))

    def announce(self, app: AppName, names: Sequence[Domain], reason: str) -> None:
        self.waiting.pop(app, None)
        if names:
            self.waiting[str(app)] = (reason, *map(str, names))

    def show(self, app: AppName) -> str:
        return str(self.routes.get(app, ""))


class FakeBuilder(Builder):
    """fails: the error of the next build, when set. ports: what the image exposes."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.fails: Exception | None = None
        self.ports: tuple[Port, ...] = ()
        self.builds: list[Build] = []

    def prepare(self) -> Readiness:
        return Readiness()

    def detect(self, source: Source) -> int:
        return 1

    def build(self, build: Build) -> Image:
        self.builds.append(build)
        if self.fails is not None:
            raise self.fails
        engine = self.host.engine()
        assert isinstance(engine, FakeEngine)
        return Image(engine.keep(build.tag, build.labels).id, ports=self.ports)


class FakeSource(SourceStore):
    """trees: app -> path -> text of the code that is kept."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.trees: dict[str, dict[str, str]] = {}

    def prepare(self) -> Readiness:
        return Readiness()

    def has_code(self, app: AppName) -> bool:
        return app in self.trees

    def checkout(self, app: AppName, directory: Path, revision: str = "") -> str:
        if app not in self.trees:
            raise errors.NotFound(f"{app} has no code")
        write_tree(directory, self.trees[app])
        return revision or "1" * 40

    def forget(self, app: AppName) -> None:
        self.trees.pop(app, None)

    def rename(self, old: AppName, new: AppName) -> None:
        if old in self.trees:
            self.trees[new] = self.trees.pop(old)

    def copy(self, old: AppName, new: AppName) -> None:
        self.trees[new] = dict(self.trees[old])


def write_tree(directory: Path, tree: Mapping[str, str]) -> None:
    for name, text in tree.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


__all__ = [
    "FakeBuilder",
    "FakeEngine",
    "FakeProxy",
    "FakeScheduler",
    "FakeSource",
    "write_tree",
]
