"""A row of the port map. What follows from a map (PORT, checks, routes) is in `dokkupy_sdk.port_map`."""

from __future__ import annotations

from dokkupy.model.values import dataclass

DEFAULT_PORTS = {"http": 80, "https": 443}
"""The port of a client that types only a domain, by scheme."""


@dataclass(frozen=True, slots=True)
class Port:
    """A row of the port map: `scheme:host_port:container_port`. Schemes: http, https, udp, tcp, grpc, grpcs."""

    scheme: str
    host: int
    container: int

    def __str__(self) -> str:
        return f"{self.scheme}:{self.host}:{self.container}"

    @classmethod
    def from_text(cls, text: str) -> Port:
        scheme, host, container = text.split(":")
        return cls(scheme, int(host), int(container))

    @property
    def leads_to_the_domain(self) -> bool:
        return DEFAULT_PORTS.get(self.scheme) == self.host
