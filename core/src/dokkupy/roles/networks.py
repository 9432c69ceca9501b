"""The role Networks: private networks of containers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from dokkupy.model.values import dataclass


@dataclass(frozen=True, slots=True)
class Network:
    """A network of the engine. subnet: CIDR; empty if it has none. created: ISO 8601. internal: it cannot reach beyond the
    host. scope: local, or the engine's name for a network of several hosts."""

    name: str
    id: str
    driver: str
    subnet: str
    created: str
    labels: Mapping[str, str]
    internal: bool = False
    ipv6: bool = False
    scope: str = "local"


class Networks(ABC):
    """The networks that an engine has. All methods raise `HostError` when the engine does not answer."""

    @abstractmethod
    def ensure(self, name: str, *, subnet: str, labels: Mapping[str, str]) -> None:
        """Create a private bridge network. Idempotent. subnet: CIDR; empty lets the adapter choose a free one. Raises
        Conflict when the subnet overlaps another."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a network. Idempotent. Raises Conflict while containers are in it."""

    @abstractmethod
    def find_all(self, labels: Mapping[str, str]) -> list[Network]:
        """The networks with all of these labels, or all networks if there are none, by one request."""

    @abstractmethod
    def find(self, name: str) -> Network | None:
        """The network of this name; None if there is none."""

    @abstractmethod
    def connect(self, network: str, ref: str, aliases: Sequence[str]) -> None:
        """Connect a container, running or not, to another network, with these names in it. Does nothing if it is already
        connected. Raises NotFound."""

    @abstractmethod
    def disconnect(self, network: str, ref: str) -> None:
        """Disconnect a container from a network, which ends its connections there. Idempotent, even if either is gone."""
