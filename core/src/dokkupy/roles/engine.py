"""A container engine, which fills seven roles with one connection."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.model.checks import Readiness
    from dokkupy.roles.containers import Containers, ContainerSessions
    from dokkupy.roles.images import ImageBuilds, ImageRegistries, Images
    from dokkupy.roles.networks import Networks
    from dokkupy.roles.volumes import Volumes


class Engine(ABC):
    """An adapter of the group `dokkupy.engine` has the roles Images, ImageBuilds, ImageRegistries, Containers,
    ContainerSessions, Networks and Volumes, so that images and containers always belong to the same engine. Use a role
    instead of the engine: `host.images()`, `host.builds()`, `host.image_registries()`, `host.containers()`,
    `host.sessions()`, `host.networks()`, `host.volumes()`."""

    @abstractmethod
    def prepare(self) -> Readiness:
        """Whether the engine can be used; never raises."""

    @property
    @abstractmethod
    def images(self) -> Images: ...

    @property
    @abstractmethod
    def builds(self) -> ImageBuilds: ...

    @property
    @abstractmethod
    def registries(self) -> ImageRegistries: ...

    @property
    @abstractmethod
    def containers(self) -> Containers: ...

    @property
    @abstractmethod
    def sessions(self) -> ContainerSessions: ...

    @property
    @abstractmethod
    def networks(self) -> Networks: ...

    @property
    @abstractmethod
    def volumes(self) -> Volumes: ...
