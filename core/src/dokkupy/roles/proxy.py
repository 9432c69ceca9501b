"""The role Proxy: brings requests to instances."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from dokkupy.model.checks import Readiness
from dokkupy.model.names import AppName, Domain
from dokkupy.model.proxy import Route, Unserved


class Proxy(ABC):
    """Routes are applied for one app or for many at once. Either all are applied, or an error is raised.

    schemes: the port schemes that the proxy serves. `ports:add` and `ports:set` refuse others.
    """

    schemes: tuple[str, ...] = ("http", "https", "grpc", "grpcs")

    @abstractmethod
    def prepare(self, scheme: str = "") -> Readiness:
        """scheme: for ports of this one of `schemes`, which may require another package."""

    @abstractmethod
    def apps(self) -> tuple[AppName, ...]:
        """The apps that currently have a route in the proxy."""

    @abstractmethod
    def validate(self, routes: Sequence[Route]) -> None:
        """Raise AppError (with app and line) if the proxy would refuse these routes. Does not change what is served."""

    def validate_ahead(self, routes: Sequence[Route]) -> None:
        """The same for routes that are about to be applied, from a thread beside other work: an adapter may keep what it
        made for it until then. No routes: forget what was kept."""
        if routes:
            self.validate(routes)

    @abstractmethod
    def apply(self, routes: Sequence[Route], *, remove: Sequence[AppName] = ()) -> None:
        """Replace the routes of these apps, keep all others, in one reload.

        A row of the scheme `tcp` or `udp` has its port of the host alone. Connections that a client has stay at their
        instance until they end; the next datagram may go to a new one.

        Afterwards a probe has verified that the proxy serves the new routes. Otherwise an error is raised (AppError if the
        app's own input is the cause, else HostError), and the proxy serves the old routes. Does nothing if nothing changes.
        """

    @abstractmethod
    def unserved(self, route: Route) -> tuple[Unserved, ...]:
        """The names and ports of an applied route where a client currently reaches no instance.

        Requests `/` from each as a client would: with its name, and with TLS if the port uses it (certificates are not
        verified, see `TlsProbe`). Any response from an instance counts as served, including an error, and so do a
        response from a fact of the route and a redirect. Unserved means: no connection, no handshake, a connection that
        is closed without a response, or an error from the proxy itself because no instance answered. A slow instance that
        accepts the request is served, so there is no wait for its response. A `tcp` port is connected to, a `udp` port is not
        asked. Takes a few seconds at most."""

    def announce(self, app: AppName, names: Sequence[Domain], reason: str) -> None:  # noqa: B027 - a courtesy
        """Answer these names with a page and the status 502 while no route has them. They replace the app's earlier names.

        reason: see `Route.unavailable`. names: empty forgets the app. Cheap, because nothing is reloaded. By default does
        nothing, and the proxy treats such names as unknown."""

    @abstractmethod
    def show(self, app: AppName) -> str:
        """The current configuration of one app, as text; empty if it has none."""
