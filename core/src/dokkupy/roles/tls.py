"""The roles ChallengeServer and TlsProbe: what certificates need of a proxy. A proxy's plugin offers them under its name."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.model.names import AppName, Domain


class ChallengeServer(ABC):
    """Serves files by which an ACME authority sees that a name leads to this host (RFC 8555, section 8.3)."""

    @abstractmethod
    def directory(self) -> str:
        """A directory that we may write to. Each of its files is served over HTTP on port 80 and for every name, as
        `/.well-known/acme-challenge/FILE`, before any redirect, fact or template of an app. Raises HostError when there
        is none."""


class TlsProbe(ABC):
    """Says which certificate clients get."""

    @abstractmethod
    def served(self, app: AppName, domain: Domain, port: int) -> str:
        """SHA-256 (hex, of the DER form) of the certificate that clients get for a name of an app on a TLS port of the
        host, by a handshake with what is running; of a wildcard, that of a name that it covers. Empty when there is no
        handshake. Raises nothing."""
