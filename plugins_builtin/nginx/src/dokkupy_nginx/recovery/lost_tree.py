"""A tree that is lost comes back: somebody removed the link to it, or all of them; and nginx may be gone itself."""

from __future__ import annotations

from dokkupy_sdk.names import AppName

from dokkupy_nginx.tree.generations import new_generation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk.model import Route

    from dokkupy_nginx.proxy import NginxProxy


def lost_routes(proxy: NginxProxy, known: set[AppName]) -> list[Route]:
    """The routes of all other apps, where no tree is in force although apps are deployed. A tree that is still there
    is put in force instead."""
    if proxy.trees.is_whole or proxy.trees.adopt_newest(proxy.nginx):
        return []
    from dokkupy_sdk.routes import stored_routes

    routes, failed = stored_routes(proxy.host, proxy)
    for app, error in failed:
        proxy.host.out.warn(f"{app} cannot be served again: {error}")
    return [route for route in routes if route.app not in known]


def repair(proxy: NginxProxy) -> None:
    """Bring back the tree that is lost, and have nginx serve it."""
    if proxy.trees.is_whole:
        return
    proxy.apply([])
    if proxy.trees.is_whole and proxy.nginx.pid() is not None and proxy.served_generation() != proxy.trees.generation:
        proxy.reload()


def take_out_blindly(proxy: NginxProxy, apps: Sequence[AppName]) -> None:
    """Leave apps out of the tree without asking nginx, which is not installed any more."""
    gone = {*apps} & {*proxy.trees.apps()}
    if gone:
        proxy.trees.switch(proxy.trees.stage(new_generation(), {}, proxy.trees.default(), without=gone))
        proxy.trees.sweep()
