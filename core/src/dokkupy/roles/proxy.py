"""The role Proxy: brings requests to instances."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from dokkupy.model.checks import Readiness
from dokkupy.model.names import AppName, Domain
from dokkupy.model.proxy import Route, Unserved


class Proxy(ABC):
    """Routes are applied one app at a time or many at once; each application is atomic or an error.

    schemes: the port schemes that the proxy serves; `ports:add` and `ports:set` refuse others.
    """

    schemes: tuple[str, ...] = ("http", "https", "grpc", "grpcs")

    @abstractmethod
    def prepare(self) -> Readiness: ...

    @abstractmethod
    def apps(self) -> tuple[AppName, ...]:
        """The apps that have a route in the proxy now."""

    @abstractmethod
    def validate(self, routes: Sequence[Route]) -> None:
        """Raise AppError (naming app and line) when the proxy would refuse this; changes nothing that serves."""

    @abstractmethod
    def apply(self, routes: Sequence[Route], *, remove: Sequence[AppName] = ()) -> None:
        """Replace the routes of these apps, keep all others, in one reload.

        Postcondition: the proxy serves the new routes, verified by a probe; or an error was raised (AppError when
        the app's own input is at fault, HostError else) and the old routes serve. Does nothing when nothing changes.
        """

    @abstractmethod
    def unserved(self, route: Route) -> tuple[Unserved, ...]:
        """The names and ports of an applied route at which a client reaches no instance now; empty when all do.

        Each is asked for `/` as a client would, with its name, with TLS where the port has it (certificates are not
        verified, see `TlsProbe`). Whatever an instance answers counts, its own errors too, and so does what a fact of
        the route answers or a redirect. What does not count: no connection, no handshake, a connection that is closed
        without an answer, and an error that the proxy makes itself because no instance answered it. Slow is not
        unserved: an instance that took the request is not waited for. Takes seconds at most."""

    def announce(self, app: AppName, names: Sequence[Domain], reason: str) -> None:  # noqa: B027 - a courtesy
        """Answer these names with a page and the status 502 while no route has them; forget those of the app before.

        reason: see `Route.unavailable`. No names: the app's are forgotten. Cheap: nothing is reloaded. By default such
        names are unknown ones, as those of nobody."""

    @abstractmethod
    def show(self, app: AppName) -> str:
        """The configuration in force for one app, as text; empty when it has none."""
