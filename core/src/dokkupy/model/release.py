"""What an app is at one moment: its release, its formation and the instances that run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from dokkupy.model.defaults import RESTART_POLICY, STOP_TIMEOUT
from dokkupy.model.names import AppName, EnvKey, ProcessType
from dokkupy.model.ports import Listening, Port, effective_map, listening, port_notes, port_number
from dokkupy.model.secret import Secret
from dokkupy.model.state import RELEASE_FILE

Formation = Mapping[ProcessType, int]
"""How many instances of each process type should run; a type that is absent runs 0."""

EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Release:
    """An immutable record of everything that decides how an app runs.

    number: 1, 2, 3... per app. image: the engine's image id (`sha256:...`), never a tag. env: the whole environment
    of the containers but PORT and DYNO. processes: the Procfile's command per type, as the text that the container's
    shell runs; None means the image's own command. own_ports: the app's own port map, if any. detected: the one of its
    build. options: docker options as argv words, of the phase run, and per process type (`deploy:web`) of the
    phase deploy. files: the declared files of the
    source (Procfile, app.json, proxy templates) by name, at most 256 KiB each. shell: whether the image has
    /bin/sh, so that a command may be wrapped. plugins: name -> version at the time of the build.
    """

    app: AppName
    number: int
    image: str
    created_at: str
    source: str
    revision: str = ""
    description: str = ""
    builder: str = ""
    env: Mapping[EnvKey, Secret] = field(default_factory=dict)
    config: Mapping[EnvKey, Secret] = field(default_factory=dict)
    """The app's own part of env, which a rollback brings back; the rest is global or contributed by plugins."""
    processes: Mapping[ProcessType, str | None] = field(default_factory=dict)
    formation: Mapping[ProcessType, int] = field(default_factory=dict)
    own_ports: tuple[Port, ...] = ()
    detected: tuple[Port, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """plugin -> property -> effective value, of the properties that shape a release (restart policy, limits...)."""
    files: Mapping[str, str] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    """The digest of the settings of which it has all; empty when it lacks some."""
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Namespace -> the properties that releases keep, set or not: those of which `mark` is the digest."""

    file = RELEASE_FILE
    known_by_place = ("app",)

    def deploy_options(self, process: str) -> tuple[str, ...]:
        """Docker options of an instance. A release of an older version has them for all types alike."""
        return self.options.get(f"deploy:{process}", self.options.get("deploy", ()))

    @property
    def ports(self) -> tuple[Port, ...]:
        """The effective port map."""
        return effective_map(self.own_ports, self.detected, self.port_variable)

    @property
    def listening(self) -> Listening:
        """Where its containers listen: what their variable PORT says, what a check asks, where the proxy goes."""
        return listening(self.own_ports, self.detected, self.port_variable)

    @property
    def port_variable(self) -> int | None:
        value = self.env.get(EnvKey("PORT"))
        return port_number(value.reveal()) if value is not None else None

    @property
    def port_notes(self) -> tuple[str, ...]:
        """What to say of a variable PORT that its containers do not get."""
        value = self.env.get(EnvKey("PORT"))
        return port_notes(self.own_ports, self.detected, value.reveal() if value is not None else None)

    def environment(self, dyno: str) -> dict[str, Secret]:
        """The variables of a container."""
        own = {str(key): value for key, value in self.env.items()}
        return {**own, "PORT": Secret(str(self.listening.port)), "DYNO": Secret(dyno)}

    @property
    def restart_policy(self) -> str:
        return self.setting("ps", "restart-policy", RESTART_POLICY)

    @property
    def stop_timeout(self) -> int:
        """Seconds between the stop signal and the kill."""
        return int(self.setting("ps", "stop-timeout-seconds", STOP_TIMEOUT))

    def setting(self, plugin: str, name: str, default: str = "") -> str:
        return self.settings.get(plugin, {}).get(name, default)


@dataclass(frozen=True, slots=True)
class Instance:
    """One running (or once running) container of an app.

    id: the engine's container id. name: `APP.TYPE.N` once it serves. address: its IP on the app's own network, which
    stays the same over restarts of the container, the engine and the host. port: where a `web` instance is expected
    to listen. deployment: id of the operation that started it.
    """

    app: AppName
    process: ProcessType
    index: int
    id: str
    name: str
    address: str
    port: int
    release: int
    deployment: str

    @property
    def dyno(self) -> str:
        return f"{self.process}.{self.index}"


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """What the engine says of an instance now. state: running, exited, restarting, paused, created, dead, missing."""

    instance: Instance
    state: str
    exit_code: int | None = None
    oom_killed: bool = False
    restarts: int = 0
    started_at: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """The subject of the deploy hooks: a release on its way to serving.

    id: the operation's id, also on every container that it starts. kind: deploy, scale, restart, config, rollback or
    restore. instances: all instances that will serve after the switch; fresh: those among them that this deployment
    started, also again after a stop; retiring: those that will stop after it.
    """

    id: str
    app: AppName
    kind: str
    release: Release
    instances: tuple[Instance, ...] = ()
    fresh: tuple[Instance, ...] = ()
    retiring: tuple[Instance, ...] = ()
