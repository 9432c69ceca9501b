"""The role Volumes: data that outlives containers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping


class Volumes(ABC):
    """The volumes that an engine has. All methods raise `HostError` when the engine does not answer."""

    @abstractmethod
    def ensure(self, name: str, *, labels: Mapping[str, str]) -> None:
        """Create an empty volume, unless it exists."""

    @abstractmethod
    def find_all(self, labels: Mapping[str, str]) -> list[str]:
        """The names of the volumes with all of these labels."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a volume and its data. Idempotent. Raises Conflict while a container uses it."""
