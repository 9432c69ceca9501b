"""The roles ChallengeServer and TlsProbe, which certificates require from a proxy. The proxy's plugin offers them under the
proxy's name."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dokkupy.host import Host
from dokkupy.model.names import AppName, Domain


class ChallengeServer(ABC):
    """Serves the files that prove to an ACME authority that a name points to this host (RFC 8555, section 8.3)."""

    @abstractmethod
    def directory(self) -> str:
        """A writable directory. Each file in it is served as `/.well-known/acme-challenge/FILE` over HTTP on port 80 for
        every name, before any redirect, fact or template of an app. Raises HostError if there is none."""


class TlsProbe(ABC):
    """Says which certificate clients get."""

    @abstractmethod
    def served(self, app: AppName, domain: Domain, port: int) -> str:
        """The SHA-256 (hex, of the DER form) of the certificate that a handshake returns for an app's name on a TLS port of
        the host. For a wildcard, a name that it covers is used. Empty if the handshake fails. Raises nothing."""


def challenge_server(host: Host, app: AppName | None = None) -> ChallengeServer:
    return host.role("challenge_server", host.proxy_name(app))  # type: ignore[no-any-return]


def tls_probe(host: Host, app: AppName | None = None) -> TlsProbe:
    return host.role("tls_probe", host.proxy_name(app))  # type: ignore[no-any-return]
