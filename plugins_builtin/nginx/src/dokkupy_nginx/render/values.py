"""The input of rendering: what this host's nginx supports, and an app's properties."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy_sdk.errors import AppError, UserError
from dokkupy_sdk.model import Certificate
from dokkupy_sdk.values import dataclass

from dokkupy_nginx.settings import LOGS, SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Route


@dataclass(frozen=True, slots=True)
class Facts:
    """What this host's nginx is and supports."""

    version: tuple[int, ...] = (1, 22, 1)
    http2: bool = True
    http3: bool = False
    stream: bool = False
    """Whether the stream module is built in; Debian's is loaded (`inspect.streams`)."""
    ipv6: bool = True
    logs: str = LOGS
    reject_handshake: bool = True
    tls_profile: str = "intermediate"
    per_address: int = 2000
    """How many requests from one address are served at the same time; 0 for no limit."""
    challenges: str = ""
    """The directory of ACME challenges; empty if setup has not created it."""
    waiting: str = ""
    """The directory of pages for names that no route serves; empty if setup has not created it."""

    @property
    def http2_directive(self) -> bool:
        """`http2 on` replaced the parameter of `listen` in nginx 1.25.1."""
        return self.http2 and self.version >= (1, 25, 1)

    @property
    def keepalive_min(self) -> bool:
        """`keepalive_min_timeout` (1.27.4) spares idle client connections a reload."""
        return self.version >= (1, 27, 4)


class Values:
    """An app's effective properties, each validated again."""

    def __init__(self, route: Route) -> None:
        self.app = route.app
        self._values = route.settings

    def __getitem__(self, name: str) -> str:
        prop = SETTINGS.properties[name]
        text = self._values.get(name) or prop.default.replace("{app}", self.app)
        if not text:
            return ""
        try:
            return prop.parse(text)
        except UserError as error:
            raise AppError(
                f"App {self.app}: the nginx property {name} is wrong: {error.message}",
                code="bad_proxy_input",
                hint=f"dokkupy nginx:set {self.app} {name} VALUE",
            ) from error

    def on(self, name: str) -> bool:
        return self[name] == "true"


Staples = Mapping[Certificate, tuple[str, ...]]
