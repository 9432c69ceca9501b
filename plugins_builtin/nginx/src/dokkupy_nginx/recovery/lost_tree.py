"""Restores a lost tree after someone removed the link to it, or all trees. nginx itself may be gone, too."""

from __future__ import annotations

from dokkupy_sdk.names import AppName

from dokkupy_nginx.tree.generations import new_generation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk import Host
    from dokkupy_sdk.model import Route
    from dokkupy_sdk.roles import Proxy

    from dokkupy_nginx.server.process import Nginx
    from dokkupy_nginx.tree.generations import Trees


def lost_routes(host: Host, proxy: Proxy, trees: Trees, nginx: Nginx, known: set[AppName]) -> list[Route]:
    """The routes of all other deployed apps if there is no current tree. If an old tree still exists, it becomes the
    current one instead."""
    if trees.is_whole or trees.adopt_newest(nginx):
        return []
    from dokkupy_apps.routing.routes import stored_routes

    routes, failed = stored_routes(host, proxy)
    for app, error in failed:
        host.out.warn(f"{app} cannot be served again: {error}")
    return [route for route in routes if route.app not in known]


def take_out_blindly(trees: Trees, apps: Sequence[AppName]) -> None:
    """Remove apps from the tree without a test by nginx, which is no longer installed."""
    gone = {*apps} & {*trees.apps()}
    if gone:
        trees.switch(trees.stage(new_generation(), {}, trees.default(), without=gone))
        trees.sweep()
