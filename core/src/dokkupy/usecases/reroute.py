"""The proxy follows the state: every change of a route ends here, and so does its undo."""

from __future__ import annotations

from collections.abc import Sequence

from dokkupy.errors import Busy, HostError
from dokkupy.host import Host
from dokkupy.model.names import AppName
from dokkupy.model.proxy import Route
from dokkupy.usecases.release_records import is_deployed
from dokkupy.usecases.routes import proxy_enabled, stored_route
from dokkupy.usecases.waiting_page import update_waiting_page


def reroute(host: Host, app: str) -> None:
    """Bring the proxies to what the state says of one app; idempotent, and the undo of every change of a route."""
    name = AppName(app)
    deployed = host.store.has_app(name) and is_deployed(host, name)
    if deployed and proxy_enabled(host, name):
        apply_routes(host, [stored_route(host, name)])
    else:
        proxy = host.proxy(name)
        if name in proxy.apps():
            proxy.apply([], remove=[name])
        leave_other_proxies(host, [name])
    update_waiting_page(host, app)


def reroute_idle(host: Host, app: str) -> None:
    """Bring the proxies to the state of an app, or with "" of all apps, in one reload. Idempotent.

    An app that another operation holds is left to that operation, which routes it at its own switch; it is named.
    """
    if app:
        reroute(host, app)
        return

    from dokkupy.kernel import locks

    held: list[locks.Lock] = []
    routes: list[Route] = []
    try:
        for name in host.store.apps():
            if not is_deployed(host, name) or not proxy_enabled(host, name):
                continue
            try:
                held.append(host.lock(f"app:{name}", wait=0, command=host.command or "proxy:build-config"))
            except Busy:
                host.out.warn(f"{name} is being changed: if it does not take this over, run proxy:build-config {name}")
                continue
            routes.append(stored_route(host, name))
        apply_routes(host, routes)
    finally:
        for lock in held:
            lock.release()


def apply_routes(host: Host, routes: Sequence[Route]) -> None:
    """Apply each route in its app's proxy, then take the apps out of the other proxies: never is one without a route."""
    for proxy in dict.fromkeys(host.proxy(route.app) for route in routes):
        proxy.apply([route for route in routes if host.proxy(route.app) is proxy])
    leave_other_proxies(host, [route.app for route in routes])


def leave_other_proxies(host: Host, apps: Sequence[AppName]) -> None:
    """Take apps out of the proxies that are not theirs (any more). One that is down is a warning: an app may leave it for
    that very reason."""
    for proxy in host.adapters("proxy"):
        try:
            there = set(proxy.apps()) if any(host.proxy(app) is not proxy for app in apps) else ()
            gone = [app for app in apps if app in there and host.proxy(app) is not proxy]
            if gone:
                proxy.apply([], remove=gone)
        except HostError as fault:
            host.out.warn(f"A proxy that no longer serves {', '.join(apps)} could not be changed: {fault.message}")


def apply_route(host: Host, route: Route, remove: tuple[AppName, ...] = ()) -> None:
    """Apply a route, which takes the place of the page for its names."""
    proxy = host.proxy(route.app)
    proxy.apply([route], remove=remove)
    proxy.announce(route.app, (), "")


def route_back(host: Host, app: str, new: str) -> None:
    """Undo of a rename's switch: the old app's route in the place of the new one's. Idempotent."""
    host.proxy(AppName(app)).apply([stored_route(host, AppName(app))], remove=[AppName(new)])
