"""The model of a service: a datastore's instance with its data, its names and its secrets."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy_sdk.names import Secret
from dokkupy_sdk.values import dataclass, field

from dokkupy_services.names import ServiceName

FILES = "/run/dokkupy"
"""The directory of the service's files in its container."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service: the record `services/KIND/NAME/service.toml`.

    id: permanent, and part of the name of its data's volume; neither a rename nor a new image changes it. image: the
    reference it was made from (`postgres:17`); image_id: the engine's id of what it runs, so that a moved tag changes
    nothing. volume: empty for a datastore that stores nothing. database, user, password: of the linked apps; root_password:
    the administrator's, which no app gets. config_options: additional arguments of the server's command. custom_env:
    additional environment variables of the container. memory: a size, or a number of megabytes; cpus: how many, shm_size:
    as docker says it; empty for no limit. state: the desired state: running, paused (stopped, kept) or stopped (without a
    container).
    """

    kind: str
    name: ServiceName
    id: str
    image: str
    image_id: str
    version: str
    volume: str
    database: str
    user: str
    password: Secret
    root_password: Secret
    created_at: str
    state: str = "running"
    config_options: str = ""
    custom_env: Mapping[str, Secret] = field(default_factory=dict)
    memory: str = ""
    cpus: str = ""
    shm_size: str = ""
    restart_policy: str = "always"
    exposed: tuple[str, ...] = ()
    """`ADDRESS:HOST_PORT:PORT` each."""
    mounts: tuple[str, ...] = ()
    """`SOURCE:DIRECTORY[:OPTIONS]` each."""
    networks: Mapping[str, str] = field(default_factory=dict)
    """initial-network, post-create-network, post-start-network (reference, section 6.2) -> names with commas."""
    previous: Mapping[str, str] = field(default_factory=dict)
    """The previous instance, to which `revert` returns: its id, image, image_id, version, volume, until (ISO 8601)."""

    file = "services/*/*/service"

    @property
    def subject(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def container(self) -> str:
        """The name of the container, as in Dokku."""
        return container_of(self.kind, self.name)

    @property
    def ambassadors(self) -> tuple[str, ...]:
        """Names of the containers that forward its exposed ports."""
        return tuple(f"{self.container}.ambassador{f'-{n}' if n else ''}" for n in range(len(self.exposed)))

    @property
    def hostname(self) -> str:
        """Its host name for linked apps, unless their link has another one."""
        return hostname_of(self.kind, self.name)


def hostname_of(kind: str, name: str) -> str:
    return f"dokku-{kind}-{name}".lower().replace("_", "-")


def container_of(kind: str, name: str) -> str:
    """The name of the container, as in Dokku."""
    return f"dokku.{kind}.{name}"


@dataclass(frozen=True, slots=True)
class ContainerConfig:
    """The parts of a service's container that depend on the datastore.

    env: of the container. Everyone who may inspect containers can read it, so a secret belongs there only if the image
    cannot read it from a file. files: name -> content; they are read-only in `/run/dokkupy` of the container. command:
    argv for the image's entry point, None for the image's own. options: docker options as arguments.
    """

    env: Mapping[str, Secret] = field(default_factory=dict)
    files: Mapping[str, Secret] = field(default_factory=dict)
    command: tuple[str, ...] | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a service to an app. alias: the first variable that got the URL (`DATABASE_URL`). hostname: the
    service's host name for the app. query: the query string of its URL, such as `pool=5`."""

    app: str
    alias: str
    hostname: str
    query: str = ""

    file = "services/*/*/links/*"
