"""The Docker Engine of this host. Plain requests use its socket (`api.py`). Streams in two directions and archives (pulls,
`exec`, files of images) use the Docker SDK's low-level client, whose import takes 100 ms."""

from __future__ import annotations

from _thread import allocate_lock as Lock  # importing `threading` would slow down each push
from typing import Any

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.model import Readiness
from dokkupy_sdk.roles import Engine

from dokkupy_docker.engine_api import api

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.roles import Containers, ContainerSessions, ImageBuilds, ImageRegistries, Images, Networks, Volumes

CREATE_SECONDS = 120
CONFIGURATION, DEFAULT_ROOT = "/etc/docker/daemon.json", "/var/lib/docker"


class DockerEngine(Engine):
    """The Docker Engine of this host. Each role is imported when it is first asked for."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._client: Any = None
        self._making = Lock()

    @property
    def client(self) -> Any:
        """One connection for the whole command and all of its threads."""
        with self._making:
            if self._client is None:
                import docker  # type: ignore[import-untyped]

                self._client = docker.APIClient(
                    base_url=f"unix://{api.socket_path()}",
                    version=api.VERSION.removeprefix("v"),
                    timeout=CREATE_SECONDS,
                )
            return self._client

    def prepare(self) -> Readiness:
        try:
            version = api.get("/version")
        except HostError as fault:
            if api.is_installed():
                return Readiness("misconfigured", fault.message, fault.hint)
            return Readiness("not-installed", "Docker is not installed", "apt-get install docker.io")
        return Readiness(reason=f"Docker {version['Version']}")

    @property
    def images(self) -> Images:
        from dokkupy_docker.roles.images import DockerImages

        return DockerImages(self)

    @property
    def builds(self) -> ImageBuilds:
        from dokkupy_docker.roles.images import DockerImageBuilds

        return DockerImageBuilds(self)

    @property
    def registries(self) -> ImageRegistries:
        from dokkupy_docker.roles.registries import DockerRegistries

        return DockerRegistries(self)

    @property
    def containers(self) -> Containers:
        from dokkupy_docker.roles.containers import DockerContainers

        return DockerContainers(self)

    @property
    def sessions(self) -> ContainerSessions:
        from dokkupy_docker.roles.sessions import DockerContainerSessions

        return DockerContainerSessions(self)

    @property
    def networks(self) -> Networks:
        from dokkupy_docker.roles.networks import DockerNetworks

        return DockerNetworks(self)

    @property
    def volumes(self) -> Volumes:
        from dokkupy_docker.roles.volumes import DockerVolumes

        return DockerVolumes(self)


def configured_root() -> str:
    """The directory of the engine's data, from its file: a push must not wait until the engine has counted its containers."""
    try:
        with open(CONFIGURATION, "rb") as file:
            import json

            return str(json.load(file).get("data-root") or DEFAULT_ROOT)
    except (OSError, ValueError, AttributeError):
        return DEFAULT_ROOT
