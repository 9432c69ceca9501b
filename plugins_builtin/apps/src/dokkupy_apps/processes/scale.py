"""Change how many instances each process type has."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, UserError
from dokkupy_sdk.model import Formation, Release
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.operation import Transaction, operation
from dokkupy_sdk.state import FormationFile

from dokkupy_apps.desired.formation import RELEASE, is_locked, require_room, stored_scale, wanted_formation
from dokkupy_apps.desired.status import should_run
from dokkupy_apps.releases.from_state import with_state
from dokkupy_apps.releases.records import (
    current,
    next_release,
    write_release,
)
from dokkupy_apps.rollout.converge import converge
from dokkupy_apps.rollout.failures import diagnosed


def scale(
    host: Host, app: AppName, changes: Mapping[ProcessType, int | None], *, skip_deploy: bool = False
) -> Formation:
    """Set quantities. Instances that are still wanted are not restarted. Returns the whole formation.

    None forgets a quantity: the type follows app.json again, or has one instance of web and none of others.
    """
    host.store.require_app(app)
    with diagnosed(host, app), operation(host, "ps:scale", f"app:{app}") as tx:
        release, _ = current(host, app)
        if release and is_locked(host, app, release):
            raise Conflict(
                f"App {app} contains an app.json file with a formations key and cannot be manually scaled",
                code="formation_fixed",
                hint=f"Change the quantity in app.json and push, or: ps:set {app} app-json-scale first",
            )
        before = stored_scale(host, app)
        require_scalable(changes, release, before)
        has = wanted_formation(host, app, release) if release else before
        further = {name: count for name, count in changes.items() if name != RELEASE and count is not None}
        require_room(host, app, {**has, **further}, sum(has.values()))
        merged = {**before, **{name: count for name, count in changes.items() if name != RELEASE}}
        after = {name: count for name, count in merged.items() if count is not None}
        tx.save(host.store.load(FormationFile, app).replace(scale=after), app)
        if release is None:
            return after
        release = with_types(tx, release, changes)
        formation = wanted_formation(host, app, release)
        if not skip_deploy and should_run(host, app):
            converge(tx, release, formation, kind="scale", replaces=lambda name: False)
    return formation


def require_scalable(
    changes: Mapping[ProcessType, int | None], release: Release | None, before: Collection[ProcessType] = ()
) -> None:
    """Raises UserError for a type that cannot be scaled up: the release task, or one that is not in the Procfile.

    before: the types with a quantity, which may also lose it.
    """
    for process, count in changes.items():
        unknown = release is not None and has_procfile(release) and process not in release.processes
        runs = process not in before if count is None else count > 0
        if runs and (process == RELEASE or unknown):
            raise UserError(f"{process} is not a valid process name to scale up")


def has_procfile(release: Release) -> bool:
    """Whether the release has a Procfile. Without one, the only command is the image's own."""
    return any(command is not None for command in release.processes.values())


def with_types(tx: Transaction, release: Release, changes: Mapping[ProcessType, int | None]) -> Release:
    """The release, or a new one with more types. Without a Procfile, each type runs the image's own command."""
    further = {process: None for process, count in changes.items() if count and process not in release.processes}
    if not further:
        return release
    processes = {**release.processes, **further}
    fresh = with_state(tx.host, next_release(tx.host, release, f"Add {', '.join(further)}", processes=processes))
    write_release(tx, fresh)
    return fresh
