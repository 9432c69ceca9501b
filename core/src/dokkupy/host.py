"""The host for use cases, hooks and plugins: a command's session with typed access to the roles."""

from __future__ import annotations

from dokkupy.kernel.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.model.names import AppName
    from dokkupy.roles.containers import Containers, ContainerSessions
    from dokkupy.roles.engine import Engine
    from dokkupy.roles.images import ImageBuilds, ImageRegistries, Images
    from dokkupy.roles.networks import Networks
    from dokkupy.roles.proxy import Proxy
    from dokkupy.roles.scheduler import Instances, Scheduler, Surroundings
    from dokkupy.roles.volumes import Volumes


class Host(Session):
    """This machine for the duration of a command. The adapter of a role is created at its first use."""

    def engine(self) -> Engine:
        return self.role("engine", self.default_adapter("engine"))  # type: ignore[no-any-return]

    def images(self) -> Images:
        return self.engine().images

    def builds(self) -> ImageBuilds:
        return self.engine().builds

    def image_registries(self) -> ImageRegistries:
        return self.engine().registries

    def containers(self) -> Containers:
        return self.engine().containers

    def sessions(self) -> ContainerSessions:
        return self.engine().sessions

    def networks(self) -> Networks:
        return self.engine().networks

    def volumes(self) -> Volumes:
        return self.engine().volumes

    def scheduler(self, app: AppName | None = None) -> Scheduler:
        return self.role("scheduler", self.scheduler_name(app))  # type: ignore[no-any-return]

    def instances(self, app: AppName | None = None) -> Instances:
        return self.role("scheduler", self.scheduler_name(app))  # type: ignore[no-any-return]

    def surroundings(self, app: AppName | None = None) -> Surroundings:
        return self.role("scheduler", self.scheduler_name(app))  # type: ignore[no-any-return]

    def scheduler_name(self, app: AppName | None = None) -> str:
        """The name of the scheduler's adapters, of which the one of `dokkupy.scheduler` is the first."""
        return self.selected_adapter("scheduler", "selected", app)

    def proxy(self, app: AppName | None = None) -> Proxy:
        return self.role("proxy", self.proxy_name(app))  # type: ignore[no-any-return]

    def proxy_name(self, app: AppName | None = None) -> str:
        """The name of the adapter and of its settings."""
        return self.selected_adapter("proxy", "type", app)
