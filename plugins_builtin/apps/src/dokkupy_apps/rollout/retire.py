"""Retire old instances in the background: they finish their requests and are removed.

Each deployment writes a record of the instances that it replaced, `apps/<app>/retire/<id>.toml`. A detached process
retires them at once. If it was killed, the timer does so.
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
    *,
    app: str,
    deployment: str,
    instances: list[dict[str, Any]],
    timeout: int,
    forget: str = "",
    drain: int | None = None,
    log_mark: str = "",
) -> None:
    """Record the instances to retire. This is the first step after a switch, so that none is forgotten. Idempotent.

    forget: the app to which they belonged, if it is removed with them (a rename). drain: seconds that web instances
    have to finish their connections; None: as long as `timeout`. log_mark: see `Deployment`.
    """
    if instances:
        rows = tuple(decode(InstanceRow, table) for table in instances)
        gone = AppName(forget) if forget else None
        record = RetiringFile(instances=rows, timeout=timeout, drain=drain, forget=gone, log_mark=log_mark)
        host.store.save(record, app, deployment)


def finalize_and_retire(host: Host, *, app: str, deployment: str, serving: list[dict[str, Any]]) -> None:
    """Give the instances their final names, and start a detached process that drains and stops the old ones.
    Idempotent."""
    name = AppName(app)
    record = host.store.find(RetiringFile, app, deployment)
    retiring = instances_of(name, record.instances) if record is not None else ()
    host.scheduler(name).finalize(name, from_tables(name, serving), retiring)
    if retiring:
        host.spawn("ps:retire", app)


def retire_due(host: Host, app: AppName | None = None) -> list[Instance]:
    """Stop the replaced instances of one app or of all. Returns those that stopped."""

    gone: list[Instance] = []
    for name in [app] if app is not None else host.store.apps():
        for deployment in host.store.names("apps", name, "retire"):
            # Each record has its own lock: a long connection delays only its own instance, and the writer of a new
            # record never waits.
            try:
                lock = host.lock(f"retire:{name}:{deployment}", wait=0)
            except Busy:
                continue  # another process works on it
            try:
                record = host.store.find(RetiringFile, name, deployment)
                if record is None:
                    continue  # another process has finished it
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
    """Record how many requests were lost between the switch and now, once the last old instance has gone."""
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
