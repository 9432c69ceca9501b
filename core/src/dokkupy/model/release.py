"""Releases of an app, and the instances that run them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dokkupy.model.defaults import RESTART_POLICY, STOP_TIMEOUT
from dokkupy.model.names import AppName, EnvKey, ProcessType
from dokkupy.model.ports import Port
from dokkupy.model.secret import Secret
from dokkupy.model.state import RELEASE_FILE, InstanceRow
from dokkupy.model.values import dataclass, field

Formation = Mapping[ProcessType, int]
"""Process type -> how many instances of it should run. A type that is absent runs none."""

EMPTY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Release:
    """An immutable record of everything that determines how an app runs.

    number: 1, 2, 3... per app. image: the engine's image id (`sha256:...`), never a tag. env: the environment of the
    containers, except PORT and DYNO. processes: the command of each process type in the Procfile, as text for the
    container's shell; None is the image's own command. own_ports: the app's own port map, if any. detected: the port map
    of the build. options: docker options as arguments, of the phase run, and by process type (`deploy:web`) of the phase
    deploy. files: the declared files of the source (Procfile, app.json, proxy templates) by name, at most 256 KiB each.
    by: who made it, as the audit names callers (`key:laptop`, `root`); empty in releases of an older version.
    plugins: name -> version at the time of the build.
    """

    derived = "*"
    app: AppName
    number: int
    image: str
    created_at: str
    source: str
    revision: str = ""
    description: str = ""
    by: str = ""
    builder: str = ""
    env: Mapping[EnvKey, Secret] = field(default_factory=dict)
    config: Mapping[EnvKey, Secret] = field(default_factory=dict)
    """The app's own part of env, which a rollback restores. The rest is global or comes from plugins."""
    processes: Mapping[ProcessType, str | None] = field(default_factory=dict)
    formation: Mapping[ProcessType, int] = field(default_factory=dict)
    own_ports: tuple[Port, ...] = ()
    detected: tuple[Port, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Plugin -> property -> effective value, of the properties that affect a release (restart policy, limits...)."""
    files: Mapping[str, str] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    """The digest of all settings that the release keeps; empty if it lacks some."""
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Namespace -> the properties that releases keep, set or not. `mark` is their digest."""

    file = RELEASE_FILE
    known_by_path = ("app",)

    def deploy_options(self, process: str) -> tuple[str, ...]:
        """Docker options of an instance. A release of an older version has the same ones for all process types."""
        return self.options.get(f"deploy:{process}", self.options.get("deploy", ()))

    @property
    def restart_policy(self) -> str:
        return self.setting("ps", "restart-policy", RESTART_POLICY)

    @property
    def stop_timeout(self) -> int:
        """Seconds between the stop signal and the kill."""
        return int(self.setting("ps", "stop-timeout-seconds", STOP_TIMEOUT))

    def setting(self, plugin: str, name: str, default: str = "") -> str:
        return self.settings.get(plugin, {}).get(name, default)


class Instance(InstanceRow):
    """One container of an app that runs or has run."""

    known_by_path = ("app",)

    app: AppName

    def __hash__(self) -> int:  # type: ignore[override]  # a record of plain values only, which sets and keys are made of
        return hash(self.id)


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """The current state of an instance. state: running, exited, restarting, paused, created, dead or missing. listens: where it
    listens (`127.0.0.1:8080`); None if nobody looked."""

    instance: Instance
    state: str
    exit_code: int | None = None
    oom_killed: bool = False
    restarts: int = 0
    started_at: str = ""
    listens: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """A snapshot of the processes of an instance. known: whether its scheduler can see them. If not, the other fields
    mean nothing.

    alive: whether the first process is running. cpu: seconds of processor time that the processes and their ended
    children have used. working: a process is running, or waiting for a processor, a disk, a connection or a DNS answer.
    listens: a process listens on a TCP port.
    """

    known: bool = False
    alive: bool = True
    cpu: float = 0.0
    working: bool = False
    listens: bool = False


@dataclass(frozen=True, slots=True)
class Deployment:
    """A release that is being deployed: the subject of the deploy hooks.

    id: the operation's id, which every container that it starts has as a label. kind: deploy, ports, scale, restart,
    config, rollback or restore. instances: all instances that will serve after the switch. fresh: those that this deployment
    started, also after a stop. retiring: those that will stop after the switch. passed_at: when the checks
    of the fresh ones had passed, in seconds of the monotonic clock; 0 before that. log_mark: where the proxy's access log
    ended before the switch; empty if that is unknown.
    """

    id: str
    app: AppName
    kind: str
    release: Release
    instances: tuple[Instance, ...] = ()
    fresh: tuple[Instance, ...] = ()
    retiring: tuple[Instance, ...] = ()
    passed_at: float = 0
    log_mark: str = ""
