"""Apps that the proxy does not route, because nothing is deployed or their proxy is disabled: visitors are told so."""

from __future__ import annotations

from dokkupy.errors import DokkupyError
from dokkupy.kernel.host import Host
from dokkupy.model.names import AppName


def announce(host: Host, app: str) -> None:
    """Have the proxy answer for an app that has no route, or no more when it has one. Idempotent.

    A page is a courtesy: what goes wrong with it is a warning, and fails nothing.
    """
    from dokkupy.usecases.apps import roles_at_hand
    from dokkupy.usecases.routes import domains_of

    if "proxy" not in roles_at_hand(host):
        return
    name = AppName(app)
    try:
        reason = why_unrouted(host, name)
        host.proxy(name).announce(name, domains_of(host, name) if reason else (), reason)
    except (DokkupyError, OSError) as error:
        host.out.warn(f"Visitors of {app} are not told why it does not answer: {error}")


def why_unrouted(host: Host, app: AppName) -> str:
    """The reason of `Route.unavailable` of an app without a route; empty when it has one, or is not there."""
    from dokkupy.usecases.routes import proxy_enabled

    if not host.store.has_app(app):
        return ""
    if not host.store.read("apps", app, "deployment"):
        return "not-deployed"
    return "" if proxy_enabled(host, app) else "disabled"
