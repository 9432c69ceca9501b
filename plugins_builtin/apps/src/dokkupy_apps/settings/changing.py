"""The operation that sets a property and applies it."""

from __future__ import annotations

from contextlib import contextmanager

from dokkupy_sdk.settings import ROUTE, Applies

from dokkupy_apps.settings.effect import has_deployment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dokkupy_sdk import Host
    from dokkupy_sdk.model import Route
    from dokkupy_sdk.names import AppName
    from dokkupy_sdk.operation import Transaction

    from dokkupy_apps.routing.reachable import Reach


@contextmanager
def changing(host: Host, verb: str, app: AppName | None, applies: Applies, *, unsets: bool) -> Iterator[Transaction]:
    """The operation that sets a property. If the proxy uses the property, the route is applied before the operation
    ends."""
    from dokkupy_sdk.operation import call, operation

    from dokkupy_apps.routing.reachable import reach_before
    from dokkupy_apps.routing.traffic import refused_before

    # A property can be set even if an earlier operation is unfinished, because a wrong property may be the reason for
    # that.
    if applies is not ROUTE:
        with operation(host, verb, f"app:{app}" if app is not None else "host", takes_away=True) as tx:
            yield tx
        return
    with operation(host, verb, f"app:{app}" if app is not None else "host", takes_away=True) as tx:
        served = has_deployment(host, app)
        # Evaluated on failure, with the state before the change: a value is not at fault if the proxy also refused
        # before.
        apps = () if not served else (app,) if app is not None else tuple(host.store.apps())
        deployed = [one for one in apps if has_deployment(host, one)]
        before = [refused_before(host, one) for one in deployed]
        reached = {one: reach_before(host, one) for one in deployed}
        if served and not unsets:
            tx.register_undo("route", call(reroute_idle, app=app or ""))
        yield tx
        if served:
            tx.step("switch the proxy", lambda: reroute_after(host, app, reached, unsets=unsets, before=before))


def reroute_after(
    host: Host,
    app: AppName | None,
    reached: Mapping[AppName, Reach | None],
    *,
    unsets: bool,
    before: Sequence[Callable[[], bool]],
) -> None:
    """Apply the routes, then request each app that was `reached` before through the proxy.

    An unset property stays unset even if the proxy refuses the rest. A set property stays set if the proxy also refused
    the configuration before."""
    from dokkupy_sdk import locks
    from dokkupy_sdk.errors import DokkupyError, Interrupted
    from dokkupy_sdk.operation import messages

    from dokkupy_apps.routing.reachable import require_reached

    try:
        reroute_idle(host, app=app or "")
    except Interrupted:
        raise
    except Exception as error:
        if not unsets and not any(refused() for refused in before):
            raise
        host.out.warn(
            f"The change is saved, but the proxy keeps its previous configuration, because it refuses the new one: {'; '.join(messages(error))}"
        )
        return
    for one, was in reached.items():
        if one != app and locks.holder(host.root, f"app:{one}"):
            continue  # the other operation checks it
        try:
            require_reached(host, one, was, is_kept=unsets)
        except DokkupyError as error:
            if not unsets:
                raise
            host.out.warn(f"The change is saved. {error.message}: {'; '.join(error.details)}")


def reroute_idle(host: Host, *, app: str) -> None:
    """Apply the routes of an app, or with "" of all apps, in one reload. Idempotent.

    An app that another operation has locked is skipped with a warning, because that operation applies its route itself.
    """
    from dokkupy_sdk import locks
    from dokkupy_sdk.errors import Busy

    from dokkupy_apps.releases.serving import is_deployed
    from dokkupy_apps.routing.reroute import apply_routes, reroute
    from dokkupy_apps.routing.routes import proxy_enabled, stored_route

    if app:
        reroute(host, app=app)
        return

    held: list[locks.Lock] = []
    routes: list[Route] = []
    try:
        for name in host.store.apps():
            if not is_deployed(host, name) or not proxy_enabled(host, name):
                continue
            try:
                held.append(host.lock(f"app:{name}", wait=0, command=host.command or "proxy:build-config"))
            except Busy:
                host.out.warn(
                    f"{name} is being changed by another command: if its route misses this change, run proxy:build-config {name}"
                )
                continue
            routes.append(stored_route(host, name))
        apply_routes(host, routes)
    finally:
        for lock in held:
            lock.release()
