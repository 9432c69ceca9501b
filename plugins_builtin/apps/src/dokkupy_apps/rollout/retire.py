"""Retiring: old instances finish what they are doing and go, in the background.

Each deployment leaves a record of whom it replaced, `apps/<app>/retire/<id>.toml`. A detached process works on it at
once; the timer does when that process was killed.
"""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.access_log import since
from dokkupy_sdk.errors import Busy, DokkupyError
from dokkupy_sdk.model import Instance
from dokkupy_sdk.names import AppName
from dokkupy_sdk.records import decode
from dokkupy_sdk.state import InstanceRow, RetiringFile

from dokkupy_apps.releases.records import from_tables, instances_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def record_retiring(
    host: Host,
    app: str,
    deployment: str,
    instances: list[dict[str, Any]],
    timeout: int,
    forget: str = "",
    drain: int | None = None,
    log_mark: str = "",
) -> None:
    """Write down who retires; the first thing after a switch, so that nobody is forgotten. Idempotent.

    forget: the app that they were, when that is gone with them (a rename). drain: seconds that web instances may take to
    finish the connections that they have; None: as long as `timeout`. log_mark: see `Deployment`.
    """
    if instances:
        rows = tuple(decode(InstanceRow, table) for table in instances)
        gone = AppName(forget) if forget else None
        record = RetiringFile(instances=rows, timeout=timeout, drain=drain, forget=gone, log_mark=log_mark)
        host.store.save(record, app, deployment)


def finalize_and_retire(host: Host, app: str, deployment: str, serving: list[dict[str, Any]]) -> None:
    """Give everybody their names and let a detached process see the old ones off. Idempotent."""
    name = AppName(app)
    record = host.store.find(RetiringFile, app, deployment)
    retiring = instances_of(name, record.instances) if record is not None else ()
    host.scheduler(name).finalize(name, from_tables(name, serving), retiring)
    if retiring:
        host.spawn("ps:retire", app)


def retire_due(host: Host, app: AppName | None = None) -> list[Instance]:
    """Stop the replaced instances on record, of one app or of all; returns those that stopped."""

    gone: list[Instance] = []
    for name in [app] if app is not None else host.store.apps():
        for deployment in host.store.names("apps", name, "retire"):
            # A lock for each record: a connection that lasts holds up nobody but its own instance, and whoever wrote
            # a record finds it free.
            try:
                lock = host.lock(f"retire:{name}:{deployment}", wait=0)
            except Busy:
                continue  # somebody is at it
            try:
                record = host.store.find(RetiringFile, name, deployment)
                if record is None:
                    continue  # somebody was at it
                instances = instances_of(name, record.instances)
                host.scheduler(name).retire(instances, timeout=record.timeout, drain=record.drain)
                if record.forget is not None and not host.store.has_app(record.forget):
                    host.scheduler(name).forget(record.forget)
                record_drained(host, name, instances, record.log_mark)
                host.store.remove(RetiringFile, name, deployment)
                gone.extend(instances)
            except DokkupyError as error:
                host.out.warn(f"{name}: {error.message}")
            finally:
                lock.release()
    return gone


def record_drained(host: Host, app: AppName, instances: Sequence[Instance], log_mark: str) -> None:
    """Write down how many requests were lost between the switch and now, when the last old instance has gone."""
    traffic = since(host, app, log_mark)
    if traffic is not None:
        releases = ",".join(sorted({f"v{one.release}" for one in instances}))
        host.events.record(
            "old_instances_retired",
            app=app,
            releases=releases,
            requests=str(traffic.requests),
            lost=str(traffic.lost),
        )


def retiring(host: Host, app: AppName) -> tuple[Instance, ...]:
    found: list[Instance] = []
    for deployment in host.store.names("apps", app, "retire"):
        record = host.store.find(RetiringFile, app, deployment)
        found.extend(instances_of(app, record.instances) if record is not None else ())
    return tuple(found)
