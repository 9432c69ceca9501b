"""Check after a switch that every instance runs and that clients reach the new release, with one request for each
name."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import CheckFailed
from dokkupy_sdk.model import Deployment, Release
from dokkupy_sdk.port_map import listening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk.model import Instance, Route, Unserved

ENDED = ("exited", "restarting", "dead", "missing")

SHOWN = 5
"""The number of names that an error lists."""


def is_checked(release: Release, process: str) -> bool:
    """Whether the instances of a type are checked. They are not after `checks:disable` or `checks:skip`."""
    return not any(covers(release.setting("checks", name), process) for name in ("disabled", "skipped"))


def covers(listed: str, process: str) -> bool:
    names = [name.strip() for name in listed.split(",")]
    return "_all_" in names or process in names


def require_alive(host: Host, deployment: Deployment) -> None:
    """Raises CheckFailed if an instance that this deployment started and checked no longer runs."""
    fresh = [one for one in deployment.fresh if is_checked(deployment.release, one.process)]
    if not fresh:
        return
    rows = host.instances(deployment.app).status(fresh)
    ended = tuple(row.instance for row in rows if row.state in ENDED or row.restarts)
    if ended:
        names = ", ".join(one.dyno for one in ended)
        raise CheckFailed(
            f"{names} of {deployment.app} exited right after the switch",
            instances=ended,
            hint="The last lines of its output say why.",
        )


def closed_after(host: Host, deployment: Deployment, route: Route) -> frozenset[int]:
    """Container ports of a detected map on which nothing listens. They are found by a request through the proxy for
    each name and port.

    Raises CheckFailed if clients reach no instance; the deploy is then rolled back.
    """
    web = [one for one in deployment.instances if one.process == "web"]
    if not is_asked(deployment, web):
        return frozenset()
    missing = host.proxy(deployment.app).unserved(route)
    closed = frozenset(row.port.container for row in missing)
    if missing and not may_be_closed(deployment.release, route, missing):
        raise unreachable(deployment, missing, web)
    return closed


def is_asked(deployment: Deployment, web: Sequence[Instance]) -> bool:
    """Whether clients must reach these instances by now. Instances that were resumed at boot without checks may still
    be starting. Instances that ran before are not checked again, unless a new release routes to them (`ports:set`)."""
    if not web or not is_checked(deployment.release, "web"):
        return False
    if any(one.process == "web" for one in deployment.fresh):
        return True
    return deployment.kind != "restore" and any(one.release != deployment.release.number for one in web)


def may_be_closed(release: Release, route: Route, missing: Sequence[Unserved]) -> bool:
    """Whether these rows may be left out. An image may expose ports on which the app does not listen."""
    if release.own_ports:
        return False
    closed = {row.port.container for row in missing}
    partly = any(
        port.container in closed and not any(row.port == port and row.domain == name for row in missing)
        for port in route.ports
        for name in names_on(route, port.scheme)
    )
    return not partly and bool(set(listening(release).candidates) - closed)


def names_on(route: Route, scheme: str) -> Sequence[object]:
    secure = scheme in ("https", "grpcs")
    names = [name for name in route.domains if not secure or route.certificate_of(name) is not None]
    return names or (None,)


def list_of(missing: Sequence[Unserved]) -> list[str]:
    """A line for each of the first few requests: what was requested, and what answered."""
    lines = [f"{row.url}: {row.reason}" for row in missing]
    return [*lines[:SHOWN], *([f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else [])]


def unreachable(deployment: Deployment, missing: Sequence[Unserved], web: Sequence[Instance]) -> CheckFailed:
    fresh = {one.id for one in deployment.fresh}
    return CheckFailed(
        f"{deployment.app} was started, but a request through the proxy does not reach it",
        instances=tuple(one for one in web if one.id in fresh),
        details=tuple(list_of(missing)),
        hint=f"Compare where the app listens with `ports:list {deployment.app}`; `ports:set` changes it.",
    )
