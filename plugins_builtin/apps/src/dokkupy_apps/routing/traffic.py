"""Change an app's domains, ports and proxy while its instances keep running."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, Interrupted
from dokkupy_sdk.many import over_each
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call, messages, operation

from dokkupy_apps.releases.serving import is_deployed
from dokkupy_apps.routing.reachable import Reach, reach_before, require_reached
from dokkupy_apps.routing.reroute import apply_route, reroute
from dokkupy_apps.routing.routes import allocate_port, proxy_enabled, stored_route
from dokkupy_apps.routing.waiting_page import update_waiting_page


@contextmanager
def rerouting(
    host: Host,
    verb: str,
    app: AppName,
    *,
    check: Callable[[], None] | None = None,
    takes_away: bool = False,
    before: tuple[Reach | None] | None = None,
) -> Iterator[Transaction]:
    """An operation that changes the state and then applies the route in the proxy. A rollback restores the state first,
    then the route. Each name of a running app is then requested through the proxy; raises AppError if no instance is
    reached.

    check: examines what the proxy then serves, and raises if that is wrong. takes_away: the change removes something,
    so it does not fail if the proxy also refused the configuration before. before: what was reached before, if the
    caller already changed something.
    """
    host.store.require_app(app)
    with operation(host, verb, f"app:{app}", takes_away=takes_away) as tx:
        deployed = is_deployed(host, app)
        reached = before[0] if before else reach_before(host, app)
        was_refused = refused_before(host, app) if takes_away and deployed else None
        tx.register_undo("route", call(reroute if deployed else update_waiting_page, app=app))
        yield tx
        if not deployed:
            tx.step("update the page for visitors", lambda: update_waiting_page(host, app=app), is_detail=True)
        if deployed:
            if proxy_enabled(host, app):
                allocate_port(tx, app)
            tx.step(
                "switch the proxy",
                lambda: unless_refused(host, app, partial(follow, host, app), was_refused),
                is_detail=True,
            )
            if check is not None:
                tx.step(
                    "check what the proxy serves",
                    partial(unless_refused, host, app, check, was_refused),
                    is_detail=True,
                )
            ask = partial(require_reached, host, app, reached, is_kept=before is not None)
            tx.step(
                "request the app through the proxy",
                partial(unless_refused, host, app, ask, was_refused),
                is_detail=True,
            )


def refused_before(host: Host, app: AppName) -> Callable[[], bool]:
    """Whether the proxy refuses the current route. It is found out at the first use."""
    if not proxy_enabled(host, app):
        return lambda: False
    try:
        route = stored_route(host, app)
    except Interrupted:
        raise
    except Exception:
        return lambda: True

    def refused() -> bool:
        try:
            host.proxy(app).validate([route])
        except DokkupyError:
            return True
        return False

    return refused


def follow(host: Host, app: AppName) -> None:
    if proxy_enabled(host, app):
        apply_route(host, stored_route(host, app))
    else:
        reroute(host, app=app)


def unless_refused(host: Host, app: AppName, do: Callable[[], None], was_refused: Callable[[], bool] | None) -> None:
    """Call a function. Its failure is only a warning if the proxy also refused the app before the change."""
    try:
        do()
    except Interrupted:
        raise
    except Exception as error:
        if was_refused is None or not was_refused():
            raise
        reason = "; ".join(messages(error))
        host.out.warn(
            f"The change is saved, but the proxy keeps the previous configuration of {app}, because "
            f"something else in it is invalid: {reason}"
        )
        if isinstance(error, DokkupyError) and error.hint:
            host.out.warn(error.hint)


def change_for_all(host: Host, change: Callable[[], None]) -> list[tuple[AppName, Exception]]:
    """Change what the routes of all apps depend on, such as the global domains, and apply each app's route. Returns the
    apps for which that failed, each with its error; the others are changed."""
    deployed, unread = over_each(host.store.apps(), lambda app: is_deployed(host, app))
    reached = {app: reach_before(host, app) for app, there in deployed if there}
    change()

    def again(app: AppName) -> None:
        with rerouting(host, "proxy:build-config", app, before=(reached[app],)):
            pass

    _, failed = over_each(reached, again)
    for app in (app for app, there in deployed if not there):
        host.act(f"update the page for visitors of {app}", partial(update_waiting_page, host, app=app))
    return [*unread, *failed]
