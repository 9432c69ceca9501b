"""The role Networks: private networks of containers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Network:
    """A network of the engine. subnet: CIDR, empty when it has none. created: ISO 8601. internal: without a way out of the
    host. scope: local, or what the engine calls a network of several hosts."""

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
        """A private bridge network; idempotent. subnet: CIDR, or empty for a free one of the adapter's choice. Raises
        Conflict when the subnet overlaps another."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Idempotent; raises Conflict while containers are in it."""

    @abstractmethod
    def find_all(self, labels: Mapping[str, str]) -> list[tuple[str, str]]:
        """(name, subnet) of the networks with all of these labels; an empty mapping gives all networks."""

    @abstractmethod
    def find(self, name: str) -> Network | None:
        """The network of this name; None when there is none."""

    @abstractmethod
    def connect(self, network: str, ref: str, aliases: Sequence[str]) -> None:
        """Let a container, running or not, into one more network, where it answers to these names too. Idempotent:
        one that is in it already stays as it is. Raises NotFound."""

    @abstractmethod
    def disconnect(self, network: str, ref: str) -> None:
        """Put a container out of a network; its connections there end. Idempotent, also for what is gone."""
