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
    from dokkupy.usecases.routes import domains_of, proxy_enabled

    if "proxy" not in roles_at_hand(host):
        return
    name = AppName(app)
    known = host.store.has_app(name)
    reason = "not-deployed" if known and not host.store.read("apps", name, "deployment") else ""
    if known and not proxy_enabled(host, name):
        reason = "disabled"
    try:
        host.proxy(name).announce(name, domains_of(host, name) if reason else (), reason)
    except (DokkupyError, OSError) as error:
        host.out.warn(f"Visitors of {app} are not told why it does not answer: {error}")
