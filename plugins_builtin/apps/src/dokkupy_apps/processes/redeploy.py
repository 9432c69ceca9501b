"""Processes: restarted, scaled, stopped, started, rolled back. No image is built here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dokkupy_sdk import Host
from dokkupy_sdk.audit import stamp
from dokkupy_sdk.errors import Conflict, NotFound, UserError
from dokkupy_sdk.model import Deployment, Formation, Release
from dokkupy_sdk.names import AppName, EnvKey, ProcessType, Secret
from dokkupy_sdk.operation import Transaction, call, operation
from dokkupy_sdk.state import FormationFile

from dokkupy_apps.deploy import deploy_source, observed, with_state
from dokkupy_apps.desired.config import get_env, merged_env, set_env
from dokkupy_apps.desired.formation import RELEASE, fixed_formation, require_web_kept, stored_scale, wanted_formation
from dokkupy_apps.desired.status import should_run
from dokkupy_apps.releases.records import (
    as_tables,
    current,
    from_tables,
    next_number,
    numbers,
    own_ports,
    read_release,
    require_deployed,
    same_content,
    write_release,
)
from dokkupy_apps.releases.serving import is_deployed, release_key
from dokkupy_apps.rollout.converge import converge, resume_instances
from dokkupy_apps.routing.reroute import reroute
from dokkupy_apps.routing.routes import proxy_enabled


def redeploy(host: Host, app: AppName, *, kind: str, process: ProcessType | None = None) -> Deployment:
    """Fresh instances of what serves, with the app's present configuration. A new release when that changed it.

    kind: restart or config. process: only this type, when nothing else changed.
    """
    require_deployed(host, app)

    def deploy() -> Deployment:
        with operation(host, f"ps:{kind}", f"app:{app}") as tx:
            release = refreshed(tx, require_deployed(host, app), "Set config" if kind == "config" else "Restart")
            if process is not None and process not in release.processes:
                raise UserError(f"Process type {process} is not in the Procfile of {app}")
            host.out.section(f"Deploying {app}...")
            return converge(
                tx, release, release.formation, kind=kind, replaces=lambda name: process is None or name == process
            )

    return observed(host, app, deploy)


def restart_with_config(host: Host, app: AppName) -> bool:
    """Restart an app whose configuration changed, if it exists and should run. Returns whether it was restarted."""
    if not is_deployed(host, app) or not should_run(host, app):
        return False
    host.out.announce(f"Restarting app {app}")
    redeploy(host, app, kind="config")
    return True


def refreshed(tx: Transaction, serving: Release, description: str) -> Release:
    """The serving release, or a new one when the app's state has come to differ from it."""
    fresh = with_state(tx.host, serving)
    if same_content(fresh, serving):
        marked = replace(serving, mark=fresh.mark, kept=fresh.kept)
        if (
            marked != serving
        ):  # another plugin is installed: reports know again without asking each that nothing is pending
            tx.save(marked, serving.app, release_key(serving.number))
        return replace(marked, formation=fresh.formation)
    fresh = replace(fresh, number=next_number(tx.host, serving.app), created_at=stamp(), description=description)
    write_release(tx, fresh)
    return fresh


def scale(host: Host, app: AppName, changes: Mapping[ProcessType, int], *, skip_deploy: bool = False) -> Formation:
    """Set quantities; running instances that are still wanted stay untouched. Returns the whole formation."""
    host.store.require_app(app)
    with operation(host, "ps:scale", f"app:{app}") as tx:
        release, _ = current(host, app)
        if fixed_formation(host, app, release.files if release else {}):
            raise Conflict(
                f"App {app} contains an app.json file with a formations key and cannot be manually scaled",
                code="formation_fixed",
            )
        require_scalable(changes, release)
        after = {**stored_scale(host, app), **{name: count for name, count in changes.items() if name != RELEASE}}
        tx.save(host.store.load(FormationFile, app).replace(scale=after), app)
        if release is None:
            return after
        release = with_types(tx, release, changes)
        formation = wanted_formation(host, app, release.files, release.processes)
        if not skip_deploy and should_run(host, app):
            converge(tx, release, formation, kind="scale", replaces=lambda name: False)
    return formation


def require_scalable(changes: Mapping[ProcessType, int], release: Release | None) -> None:
    """Raises UserError for a type that cannot run: the release task, or one that the Procfile does not have."""
    for process, count in changes.items():
        unknown = release is not None and has_procfile(release) and process not in release.processes
        if count and (process == RELEASE or unknown):
            raise UserError(f"{process} is not a valid process name to scale up")


def has_procfile(release: Release) -> bool:
    """Without one, the only command is the image's own."""
    return any(command is not None for command in release.processes.values())


def with_types(tx: Transaction, release: Release, changes: Mapping[ProcessType, int]) -> Release:
    """The release, or a new one with further types: without a Procfile, each type runs the image's own command."""
    further = {process: None for process, count in changes.items() if count and process not in release.processes}
    if not further:
        return release
    fresh = replace(
        release,
        processes={**release.processes, **further},
        number=next_number(tx.host, release.app),
        created_at=stamp(),
        description=f"Add {', '.join(further)}",
    )
    fresh = with_state(tx.host, fresh)
    write_release(tx, fresh)
    return fresh


def stop_app(host: Host, app: AppName) -> None:
    """Stop the processes and keep them; the proxy answers for them until `ps:start`. They stay stopped at boot."""
    require_deployed(host, app)
    with operation(host, "ps:stop", f"app:{app}") as tx:
        release, instances = current(host, app)
        if release is None:
            return
        timeout = release.stop_timeout
        tx.register_undo("stop instances", call(resume_instances, app=app, instances=as_tables(instances)))
        if proxy_enabled(host, app):
            tx.register_undo("route", call(reroute, app=app))
        tx.save(host.store.load(FormationFile, app).replace(restore=False), app)
        if proxy_enabled(host, app):
            tx.step("stop routing traffic", lambda: reroute(host, app))
        names = ", ".join(one.dyno for one in instances)
        tx.step(f"stop {names}", lambda: host.scheduler(app).stop(instances, timeout=timeout))


def start_app(host: Host, app: AppName) -> None:
    """Bring back what should run: stopped instances go on, missing ones start again.

    What starts is watched as in a deploy. Raises CheckFailed when an instance fails; what was stopped is stopped then.
    """
    require_deployed(host, app)
    with operation(host, "ps:start", f"app:{app}") as tx:
        bring_back(tx, app, watched=True)


def bring_back(tx: Transaction, app: AppName, *, watched: bool) -> None:
    """watched: instances that go on are checked before this returns. At boot the timer looks at them instead, because
    one app's start would hold up all others."""
    host = tx.host
    release, instances = current(host, app)
    if release is None:
        return
    if not should_run(host, app):
        timeout = release.stop_timeout
        tx.register_undo("resume instances", call(stop_again, app=app, instances=as_tables(instances), timeout=timeout))
    # What listens elsewhere than the release says (`ports:set` of a stopped app) is replaced instead.
    lasting = tuple(one for one in instances if one.port in release.listening.candidates)
    running = {row.instance.id for row in host.instances(app).status(lasting) if row.state == "running"}
    names = ", ".join(one.dyno for one in lasting)
    up = tx.step(f"resume {names}", lambda: host.scheduler(app).resume(release, lasting), planned=lasting)
    resumed = tuple(one for one in up if watched and one.id not in running)
    formation = wanted_formation(host, app, release.files, release.processes)
    converge(tx, release, formation, kind="restore", replaces=lambda name: False, resumed=resumed)


def stop_again(host: Host, app: str, instances: list[dict[str, object]], timeout: int) -> None:

    name = AppName(app)
    host.scheduler(name).stop(from_tables(name, instances), timeout=timeout)


def rebuild(host: Host, app: AppName) -> Deployment:
    """Build and deploy the app's current code again."""
    host.store.require_app(app)
    sources = host.sources()
    if not sources.has_code(app):
        raise Conflict(f"App {app} has not been deployed", hint="Deploy it first: git push", code="not_deployed")
    return deploy_source(
        host, app, kind="ps:rebuild", fill=lambda directory: sources.checkout(app, directory), metadata="ps:rebuild"
    )


def rollback(host: Host, app: AppName, number: int | None = None, *, keep_config: bool = False) -> Deployment:
    """Deploy an older release, with its code and configuration, as a new one. None: the one before the serving.

    keep_config: the app's variables stay as they are now. Else those that come back or change are named in a warning,
    because a secret that was unset or rotated would return.
    """
    require_deployed(host, app)

    def deploy() -> Deployment:
        with operation(host, "releases:rollback", f"app:{app}") as tx:
            serving = require_deployed(host, app)
            wanted = number
            if wanted is None:
                earlier = [n for n in sorted(numbers(host, app)) if n < serving.number]
                if not earlier:
                    raise NotFound(f"App {app} has no release before v{serving.number}")
                wanted = earlier[-1]
            target = read_release(host, app, wanted)
            release = replace(
                target,
                number=next_number(host, app),
                created_at=stamp(),
                description=f"Rollback to v{wanted}",
                formation=wanted_formation(host, app, target.files, target.processes),
                own_ports=own_ports(host, app),
            )
            require_web_kept(host, release, current(host, app)[1])
            if keep_config:
                release = replace(release, config=get_env(host, app), env=kept_env(host, app, target))
            else:
                if not host.dry_run:
                    warn_of_returning(host, target, get_env(host, app))
                set_env(tx, app, target.config, replace=True)
            write_release(tx, release)
            host.out.section(f"Rolling {app} back to v{wanted}")
            return converge(tx, release, release.formation, kind="rollback", replaces=lambda name: True)

    return observed(host, app, deploy)


def kept_env(host: Host, app: AppName, target: Release) -> dict[EnvKey, Secret]:
    """The environment of a release with the app's own variables as they are now."""
    rest = {key: value for key, value in target.env.items() if key not in target.config}
    return dict(sorted({**rest, **merged_env(host, app)}.items()))


def warn_of_returning(host: Host, target: Release, now: Mapping[EnvKey, Secret]) -> None:
    returns = sorted(key for key in target.config if key not in now)
    differs = sorted(key for key, value in target.config.items() if key in now and now[key] != value)
    goes = sorted(key for key in now if key not in target.config)
    changes = [
        f"{what} {', '.join(keys)}"
        for what, keys in (("set again", returns), ("back to an older value", differs), ("unset", goes))
        if keys
    ]
    if changes:
        host.out.warn(f"Variables change with the rollback: {'; '.join(changes)}")
        host.out.warn("To keep them as they are now: --keep-config")
