"""Converge: replace an app's processes by those of a release in one switch, or leave everything as it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from dokkupy_sdk import Host, access_log
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.errors import AppError, CheckFailed, HostError
from dokkupy_sdk.model import Deployment, Formation, Instance, Release
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.operation import Transaction, call
from dokkupy_sdk.port_map import listening, port_notes
from dokkupy_sdk.state import FormationFile
from dokkupy_sdk.values import replace
from dokkupy_sdk.waiting import waiting

from dokkupy_apps.desired.formation import WEB
from dokkupy_apps.desired.properties import BUILDER, PS, RELEASES
from dokkupy_apps.desired.status import should_run
from dokkupy_apps.releases.records import (
    as_tables,
    closed_ports,
    current,
    from_tables,
    image_name,
    prune_releases,
    write_deployment,
)
from dokkupy_apps.rollout.early_validation import EarlyValidation
from dokkupy_apps.rollout.failures import SERVES, add_hint, any_runs, explain, keep_failure, serving_id
from dokkupy_apps.rollout.retire import finalize_and_retire, record_retiring
from dokkupy_apps.rollout.tasks import remove_tasks
from dokkupy_apps.routing.after_switch import closed_after, covers, require_alive
from dokkupy_apps.routing.reroute import apply_route, reroute, route_back
from dokkupy_apps.routing.routes import allocate_port, make_route, proxy_enabled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Route


def converge(
    tx: Transaction,
    release: Release,
    formation: Formation,
    *,
    kind: str,
    replaces: Callable[[ProcessType], bool],
    replacing: AppName | None = None,
    resumed: tuple[Instance, ...] = (),
    record: Callable[[Transaction, Deployment], None] | None = None,
) -> Deployment:
    """Run `formation` of `release`. The caller holds the locks of the apps and commits next.

    replaces: whether running instances of a type are replaced by fresh ones; wanted instances that are not replaced
    keep running. replacing: the app whose instances and route are replaced, if that is another app (a rename). resumed:
    stopped instances that were just started again; they are checked like fresh ones. record: see `deploy_source`.
    """
    host, app = tx.host, release.app
    replacing = replacing or app
    _, old = current(host, replacing)
    before, stopped = serving_id(host, replacing), not should_run(host, replacing)
    kept = keepable(host, app, old, formation, replaces)
    missing = [
        (process, index)
        for process in sorted(formation, key=lambda name: (name != "web", name))
        for index in range(1, formation[process] + 1)
        if (process, index) not in {(one.process, one.index) for one in kept}
    ]
    retiring = tuple(one for one in old if one not in kept)
    deployment = Deployment(tx.id, app, kind, release, kept, (), retiring)
    tx.register_undo("run tasks", call(remove_tasks, app=app))
    host.hooks.emit(hookspecs.pre_deploy, host=host, deployment=deployment, tx=tx)
    stop_unchecked(tx, release, retiring)
    early = EarlyValidation(host)

    def validate_early(planned: Deployment) -> None:
        # During a rename, the domains still belong to the route that this one replaces.
        if proxy_enabled(host, app) and replacing == app:
            early.begin(route_of(host, planned, replacing)[0], tx)

    try:
        resumed = tuple(one for one in resumed if one in kept)
        deployment = start_checked(tx, deployment, missing, resumed, validate_early)
        deployment = switch(tx, replace(deployment, passed_at=time.monotonic()), replacing, early)
        if record is not None:
            record(tx, deployment)
        host.hooks.emit(hookspecs.post_deploy, host=host, deployment=deployment, tx=tx)
    except (AppError, HostError) as fault:
        serving = not stopped and any_runs(host, app, old)
        if isinstance(fault, CheckFailed):
            explain(host, release, fault, serving=serving, before=before)
        else:
            keep_failure(host, app, fault, step="start", serving=before)
            add_hint(fault, SERVES if serving else "")
        raise
    finally:
        early.end()  # record it before the rollback
    timeout = release.stop_timeout
    describe_processes(tx, deployment, retiring)
    tx.follow(
        call(
            record_retiring,
            app=app,
            deployment=tx.id,
            instances=as_tables(retiring),
            timeout=timeout,
            forget="" if replacing == app else str(replacing),
            drain=int(release.setting("checks", "wait-to-retire") or timeout),
            log_mark=deployment.log_mark,
        ),
        call(finalize_and_retire, app=app, deployment=tx.id, serving=as_tables(deployment.instances)),
        call(prune_old, app=app),
    )
    return deployment


def start_checked(
    tx: Transaction,
    deployment: Deployment,
    missing: Sequence[tuple[ProcessType, int]],
    resumed: tuple[Instance, ...],
    on_addresses: Callable[[Deployment], None],
) -> Deployment:
    """Start the missing instances in groups, as large as the source allows, and check each group before the next one
    starts.

    on_addresses: called with the whole deployment as soon as the addresses of its last instances are known.
    """
    host, release = tx.host, deployment.release
    facts = host.hooks.gather(hookspecs.start_limits, host=host, release=release)
    fresh: tuple[Instance, ...] = resumed
    groups = start_groups(missing, {ProcessType(name): count for _, (name, count) in facts})
    for group in groups:

        def announce(
            planned: Sequence[Instance], before: Deployment = deployment, fresh: tuple[Instance, ...] = fresh
        ) -> None:
            some = tuple(planned)
            on_addresses(replace(before, instances=ordered(before.instances + some), fresh=fresh + some))

        some = start(tx, release, group, announce if group is groups[-1] else lambda planned: None)
        instances = ordered(deployment.instances + some)
        deployment = replace(deployment, instances=instances, fresh=some if fresh is not resumed else fresh + some)
        host.hooks.emit(hookspecs.pre_switch, host=host, deployment=deployment, tx=tx)
        fresh = fresh + some
    return replace(deployment, fresh=fresh)


def start_groups(
    wanted: Sequence[tuple[ProcessType, int]], limits: Mapping[ProcessType, int]
) -> list[list[tuple[ProcessType, int]]]:
    """The groups of instances that start together, with at most the limit of each type. At least one group, even an
    empty one."""
    groups: list[list[tuple[ProcessType, int]]] = [[]]
    counts: dict[ProcessType, int] = {}
    for process, index in wanted:
        number = counts.get(process, 0) // limits[process] if process in limits else 0
        counts[process] = counts.get(process, 0) + 1
        while len(groups) <= number:
            groups.append([])
        groups[number].append((process, index))
    return groups


def start(
    tx: Transaction,
    release: Release,
    wanted: list[tuple[ProcessType, int]],
    on_addresses: Callable[[Sequence[Instance]], None],
) -> tuple[Instance, ...]:
    if not wanted:
        return ()
    app = release.app
    for note in port_notes(release):
        tx.host.out.warn(note)
    names = ", ".join(f"{process}.{index}" for process, index in wanted)
    planned = tuple(
        Instance(
            app=app,
            process=process,
            index=index,
            id="",
            name=f"{app}.{process}.{index}",
            address="",
            port=0,
            release=release.number,
            deployment=tx.id,
        )
        for process, index in wanted
    )

    def start_them() -> tuple[Instance, ...]:
        tx.host.out.section(f"Starting {names.replace(',', '')}")
        with waiting(tx.host.out, f"Starting {names}"):
            return tx.host.scheduler(app).start(release, wanted, tx.id, tx, on_addresses=on_addresses)

    return tx.step(f"start {names} of v{release.number}", start_them, planned=planned, is_detail=True)


def describe_processes(tx: Transaction, deployment: Deployment, retiring: tuple[Instance, ...]) -> None:
    """Describe to a dry run which processes start, restart and stop."""
    started, ended = ({one.dyno: one for one in some} for some in (deployment.fresh, retiring))
    number, disabled = deployment.release.number, deployment.release.setting("checks", "disabled")
    is_seamless = WEB in {one.process for one in retiring} and not covers(disabled, WEB)
    for verb, dynos, after in (
        (
            "restart",
            started.keys() & ended.keys(),
            f" with v{number}{', without losing a request' if is_seamless else ''}",
        ),
        ("start", started.keys() - ended.keys(), f" of v{number}"),
        ("stop", ended.keys() - started.keys(), ""),
    ):
        if dynos:
            tx.describe_plan(f"{verb} {', '.join(one for one in {**started, **ended} if one in dynos)}{after}")


def keepable(
    host: Host, app: AppName, old: tuple[Instance, ...], formation: Formation, replaces: Callable[[ProcessType], bool]
) -> tuple[Instance, ...]:
    wanted = [one for one in old if one.index <= formation.get(one.process, 0) and not replaces(one.process)]
    if not wanted:
        return ()
    states = host.instances(app).status(wanted)
    return tuple(status.instance for status in states if status.state == "running")


def ordered(instances: tuple[Instance, ...]) -> tuple[Instance, ...]:
    return tuple(sorted(instances, key=lambda one: (one.process != "web", one.process, one.index)))


def stop_unchecked(tx: Transaction, release: Release, retiring: tuple[Instance, ...]) -> None:
    """Stop the old instances of types whose checks are disabled: their old and new instances must not run at the same
    time, as in Dokku."""
    first = [one for one in retiring if covers(release.setting("checks", "disabled"), one.process)]
    if first:
        timeout = release.stop_timeout
        tx.step(
            "stop instances that are not checked",
            lambda: tx.host.scheduler(release.app).stop(first, timeout=timeout),
            undo=call(resume_instances, app=release.app, instances=as_tables(tuple(first))),
        )


def resume_instances(host: Host, *, app: str, instances: list[dict[str, object]]) -> None:
    name = AppName(app)
    release, _ = current(host, name)
    if release is not None:
        host.scheduler(name).resume(release, from_tables(name, instances))


def switch(tx: Transaction, deployment: Deployment, replacing: AppName, early: EarlyValidation) -> Deployment:
    """Switch the traffic and the record of what serves, then check what serves.

    A rollback goes in the opposite order: it restores the state first, then the proxy.
    """
    host, release, app = tx.host, deployment.release, deployment.app
    tx.register_undo("tag", call(retag_latest, app=app))
    closed: frozenset[int] = frozenset()
    if proxy_enabled(host, app):
        allocate_port(tx, app)
        tx.register_undo(
            "route", call(reroute, app=app) if replacing == app else call(route_back, app=replacing, new=app)
        )
        deployment = replace(deployment, log_mark=access_log.mark(host, app))
        closed = switch_proxy(tx, deployment, replacing, early)
        deployment = without_closed(deployment, closed)
    tx.step("check the new instances", lambda: require_alive(host, deployment), is_detail=True)
    write_deployment(tx, release, deployment.instances, closed)
    mark_running(tx, app)
    tx.step("tag the image", lambda: tag_latest(host, app, release.image), is_detail=True)
    return deployment


def mark_running(tx: Transaction, app: AppName) -> None:
    """Record that the app should run and start at boot; a deploy and a start do this."""
    formation = tx.host.store.load(FormationFile, app)
    if not formation.restore:
        tx.save(formation.replace(restore=True), app)
    if PS.raw(tx.host.store, app, "restore"):
        PS.set(tx, app, "restore", "")


def route_of(host: Host, deployment: Deployment, replacing: AppName) -> tuple[Route, frozenset[int]]:
    """The route to a deployment, and the container ports that are known to be closed."""
    release = deployment.release
    # Without new web instances, the closed ports are the same as before.
    known = frozenset() if any(one.process == WEB for one in deployment.fresh) else closed_ports(host, replacing)
    known = frozenset() if release.own_ports else known
    return make_route(host, deployment.app, release, deployment.instances, known), known


def switch_proxy(tx: Transaction, deployment: Deployment, replacing: AppName, early: EarlyValidation) -> frozenset[int]:
    """Switch the traffic to the deployment and request each of its names. Returns the ports that are closed."""
    host, release, app = tx.host, deployment.release, deployment.app
    gone = () if replacing == app else (replacing,)
    route, known = route_of(host, deployment, replacing)
    early.end(route)
    tx.step("switch the proxy", lambda: apply_route(host, route, gone), is_detail=True)
    found = tx.step(
        "request the app through the proxy",
        lambda: closed_after(host, deployment, route),
        planned=frozenset[int](),
        is_detail=True,
    )
    if not found:
        return known
    ports = ", ".join(map(str, sorted(found)))
    host.out.warn(
        f"The image exposes {ports}, but nothing listens there in the containers, so the proxy does not serve it"
    )
    smaller = make_route(host, app, release, deployment.instances, known | found)
    tx.step("leave closed ports out of the proxy", lambda: apply_route(host, smaller))
    return known | found


def without_closed(deployment: Deployment, closed: frozenset[int]) -> Deployment:
    """The deployment with each web instance at a port on which it listens."""
    port = next((one for one in listening(deployment.release).candidates if one not in closed), None)
    if not closed or port is None:
        return deployment

    def moved(instances: tuple[Instance, ...]) -> tuple[Instance, ...]:
        return tuple(one.replace(port=port) if one.port in closed else one for one in instances)

    return replace(deployment, instances=moved(deployment.instances), fresh=moved(deployment.fresh))


def retag_latest(host: Host, *, app: str) -> None:
    """Move the tag `latest` to the image of the serving release."""
    release, _ = current(host, AppName(app))
    if release is not None:
        tag_latest(host, AppName(app), release.image)
    else:
        host.images().remove(image_name(host, AppName(app), "latest"))


def tag_latest(host: Host, app: AppName, image: str) -> None:
    """Move the tag `latest`, if it is elsewhere: the engine writes its list of names at each tag, even at one that is there."""
    images, latest = host.images(), image_name(host, app, "latest")
    found = images.find(latest)
    if found is None or found.id != image:
        images.tag(image, latest)


def prune_old(host: Host, *, app: str) -> None:
    name = AppName(app)
    if host.store.has_app(name) and BUILDER.get(host.store, name, "skip-cleanup") != "true":
        prune_releases(host, name, int(RELEASES.get(host.store, name, "retention")))
