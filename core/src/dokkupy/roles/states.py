"""The role of a scheduler for reports. It imports no other role, because reports must be quick."""

from __future__ import annotations

from abc import ABC, abstractmethod

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
