"""The role of a scheduler that reports ask. It imports no other role, because reports must be quick."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy.model.names import AppName


class InstanceStates(ABC):
    """Says of instances whether they run, and no more. It has the name of its scheduler, and each command has one of its own.
    A scheduler need not have it: `Instances.status` is asked then."""

    @abstractmethod
    def of(self, app: AppName) -> Mapping[str, str]:
        """Instance id -> state, as `InstanceStatus` has it, of those instances of the app that are there. An answer may be
        as old as the first question of the command. Does not import heavy libraries."""
