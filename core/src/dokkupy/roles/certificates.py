"""The role Issuer: certificates for host names. Used from the certificate plugins on; core only routes to them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from dokkupy.model.checks import Readiness
from dokkupy.model.names import AppName, Domain
from dokkupy.model.proxy import Certificate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.kernel.host import Host


class Issuer(ABC):
    """Issues certificates."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @abstractmethod
    def prepare(self) -> Readiness: ...

    @abstractmethod
    def issue(self, app: AppName, domains: Sequence[Domain]) -> Certificate:
        """A certificate that covers all of the domains. Raises HostError with the authority's words."""

    @abstractmethod
    def revoke(self, app: AppName) -> None: ...
