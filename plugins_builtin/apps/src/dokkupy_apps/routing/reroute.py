"""Bring the proxy in line with the state. Every change of a route, and every rollback of one, ends here."""

from __future__ import annotations

from collections.abc import Sequence

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.model import Route
from dokkupy_sdk.names import AppName

from dokkupy_apps.releases.serving import is_deployed
from dokkupy_apps.routing.routes import proxy_enabled, stored_route
from dokkupy_apps.routing.waiting_page import update_waiting_page


def reroute(host: Host, *, app: str) -> None:
    """Apply the route of an app from the state. Idempotent. It is also the undo of every change of a route."""
    name = AppName(app)
    deployed = host.store.has_app(name) and is_deployed(host, name)
    if deployed and proxy_enabled(host, name):
        apply_routes(host, [stored_route(host, name)])
    else:
        proxy = host.proxy(name)
        if name in proxy.apps():
            proxy.apply([], remove=[name])
        leave_other_proxies(host, [name])
    update_waiting_page(host, app=app)


def apply_routes(host: Host, routes: Sequence[Route]) -> None:
    """Apply each route in its app's proxy, then remove the apps from the other proxies, so that no app is ever without
    a route."""
    for proxy in dict.fromkeys(host.proxy(route.app) for route in routes):
        proxy.apply([route for route in routes if host.proxy(route.app) is proxy])
    leave_other_proxies(host, [route.app for route in routes])


def leave_other_proxies(host: Host, apps: Sequence[AppName]) -> None:
    """Remove apps from the proxies that are not theirs (any more). A proxy that is down causes only a warning, because
    an app may leave it for that very reason."""
    for proxy in host.adapters("proxy"):
        try:
            there = set(proxy.apps()) if any(host.proxy(app) is not proxy for app in apps) else ()
            gone = [app for app in apps if app in there and host.proxy(app) is not proxy]
            if gone:
                proxy.apply([], remove=gone)
        except HostError as fault:
            host.out.warn(f"A proxy that no longer serves {', '.join(apps)} could not be updated: {fault.message}")


def apply_route(host: Host, route: Route, remove: tuple[AppName, ...] = ()) -> None:
    """Apply a route, which replaces the waiting page of its names."""
    proxy = host.proxy(route.app)
    proxy.apply([route], remove=remove)
    proxy.announce(route.app, (), "")


def route_back(host: Host, *, app: str, new: str) -> None:
    """Undo the switch of a rename: the old app's route replaces the new one's. Idempotent."""
    host.proxy(AppName(app)).apply([stored_route(host, AppName(app))], remove=[AppName(new)])
