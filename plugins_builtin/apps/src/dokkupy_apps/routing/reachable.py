"""Check before and after a change of a route whether clients reach the app, with a request through the proxy for each
domain."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError, DokkupyError
from dokkupy_sdk.values import dataclass

from dokkupy_apps.routing.after_switch import is_checked, list_of, names_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Unserved
    from dokkupy_sdk.names import AppName


@dataclass(frozen=True)
class Reach:
    """The domains and ports at which clients reach an app. rows: how many were requested; 0: unknown."""

    rows: int = 0
    missing: tuple[Unserved, ...] = ()


def reach_of(host: Host, app: AppName) -> Reach | None:
    """Request each domain of a running app through the proxy. None when the app should not be reachable now."""
    from dokkupy_apps.desired.status import should_run
    from dokkupy_apps.releases.records import current
    from dokkupy_apps.routing.routes import proxy_enabled, stored_route

    release, instances = current(host, app)
    web = any(one.process == "web" for one in instances)
    if release is None or not web or not is_checked(release, "web"):
        return None
    if not should_run(host, app) or not proxy_enabled(host, app):
        return None
    route = stored_route(host, app)
    rows = sum(len(names_on(route, port.scheme)) for port in route.ports)
    return Reach(rows, host.proxy(app).unserved(route))


def reach_before(host: Host, app: AppName) -> Reach | None:
    """Like `reach_of`, before a change. An error counts as unknown, because the change may fix it."""
    if host.dry_run:
        return None
    try:
        return reach_of(host, app)
    except DokkupyError:
        return Reach()


def require_reached(host: Host, app: AppName, before: Reach | None, *, is_kept: bool = False) -> None:
    """Raises AppError if clients do not reach the app after a change of its route. If they should have reached it
    before the change and did not, the change is not the cause, and there is only a warning.

    is_kept: the change stays even if this raises.
    """
    after = reach_of(host, app)
    if after is None or not after.missing:
        return
    if before is not None and len(before.missing) >= before.rows:
        host.out.warn(
            f"The change is saved, but a request through the proxy still does not reach {app}: {list_of(after.missing)[0]}"
        )
        return
    old = {(row.domain, row.port) for row in before.missing} if before is not None else set()
    news = [row for row in after.missing if (row.domain, row.port) not in old]
    if news:
        raise AppError(
            f"With this change, a request through the proxy does not reach {app}",
            code="unreachable",
            details=tuple(list_of(news)),
            hint=("" if is_kept else "Nothing was changed. ") + f"The app's own output: `logs {app}`.",
        )
