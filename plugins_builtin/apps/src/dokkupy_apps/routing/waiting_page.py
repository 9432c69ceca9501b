"""The page for visitors of an app that does not answer, because nothing is deployed, its proxy is disabled or it has
crashed."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.names import AppName

from dokkupy_apps.desired.domains import domains_of
from dokkupy_apps.releases.serving import is_deployed
from dokkupy_apps.routing.routes import proxy_enabled


def update_waiting_page(host: Host, *, app: str) -> None:
    """Bring the page in line with the app's state, also if no app has this name.

    Idempotent. A failure is only a warning, because a command should not fail because of this page.
    """
    if not host.offered("proxy"):
        return
    name = AppName(app)
    try:
        reason = why_waiting(host, name)
        chosen = host.proxy(name)
        for proxy in host.adapters("proxy"):
            proxy.announce(name, domains_of(host, name) if reason and proxy is chosen else (), reason)
    except (DokkupyError, OSError) as error:
        from dokkupy_sdk.text import reason_of

        host.out.warn(f"The page for visitors of {app} could not be updated: {reason_of(error)}")


def why_waiting(host: Host, app: AppName) -> str:
    """The reason why an app may not answer (`Route.unavailable`); empty if none is known."""
    if not host.store.has_app(app):
        return ""
    if not is_deployed(host, app):
        return "not-deployed"
    if not proxy_enabled(host, app):
        return "disabled"
    return host.hooks.ask(hookspecs.resolve_unavailable, host=host, app=app) or ""
