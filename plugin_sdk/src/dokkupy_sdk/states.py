"""The role InstanceStates, in a module of its own, because importing `dokkupy_sdk.roles` takes half as long as a report."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dokkupy.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy.model.names import AppName


class InstanceStates(ABC):
    """Says whether instances run, and nothing else. Its entry point has the scheduler's name. A scheduler may lack it;
    reports then call `Instances.status`."""

    @abstractmethod
    def of(self, app: AppName) -> Mapping[str, str]:
        """Instance id -> state (as in `InstanceStatus`) of the app's existing instances. An answer may be as old as the
        command's first call. Does not import heavy libraries."""


def instance_states(host: Host, app: AppName | None = None) -> InstanceStates | None:
    """None if the scheduler does not fill this role."""
    name = host.scheduler_name(app)
    return host.role("instance_states", name) if name in host.offered("instance_states") else None
