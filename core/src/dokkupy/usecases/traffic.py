"""Changes of how an app is reached: its domains, ports and proxy. No instance is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dokkupy.kernel.host import Host
from dokkupy.kernel.operation import Tx, call, operation
from dokkupy.model.names import AppName
from dokkupy.usecases.routes import allocate_port, apply_route, proxy_enabled, reroute, stored_route


@contextmanager
def rerouting(host: Host, verb: str, app: AppName, *, check: Callable[[], None] | None = None) -> Iterator[Tx]:
    """An operation after whose writes the proxy follows; undone, the state goes back first and the proxy follows.

    check: looks at what the proxy then serves, and raises when that is not what was meant.
    """
    host.store.need_app(app)
    with operation(host, verb, f"app:{app}") as tx:
        deployed = bool(host.store.read("apps", app, "deployment"))
        if deployed:
            tx.protect("route", call(reroute, app=app))
        yield tx
        if deployed:
            if proxy_enabled(host, app):
                allocate_port(tx, app)
                tx.step("switch the proxy", lambda: apply_route(host, stored_route(host, app)))
            else:
                tx.step("switch the proxy", lambda: reroute(host, app))
            if check is not None:
                tx.step("look at what is served", check)


def reroute_all(host: Host) -> list[str]:
    """Bring the proxy to the state of every deployed app, as after a change of the global domains."""
    done = []
    for app in host.store.apps():
        if host.store.read("apps", app, "deployment"):
            with rerouting(host, "proxy:build-config", app):
                pass
            done.append(str(app))
    return done
