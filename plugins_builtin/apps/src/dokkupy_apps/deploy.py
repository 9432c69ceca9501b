"""Deploys: source becomes an image, the image a release, the release what serves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from dokkupy_sdk import Host
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.files import almost, make_directory, read_text
from dokkupy_sdk.model import Deployment, Image, Release, Source
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call, operation

from dokkupy_apps.apps import require_unlocked
from dokkupy_apps.builds.image import build, prepare_source
from dokkupy_apps.builds.procfile import parse_procfile
from dokkupy_apps.builds.records import recorded
from dokkupy_apps.desired.formation import (
    RELEASE,
    WEB,
    nothing_runs,
    require_web_kept,
    stored_scale,
    wanted_formation,
    web_missing,
)
from dokkupy_apps.desired.host_ports import without_closed
from dokkupy_apps.desired.properties import PS
from dokkupy_apps.releases.from_state import with_state
from dokkupy_apps.releases.records import (
    current,
    drop_image,
    image_name,
    next_release,
    numbers,
    read_release,
    write_release,
)
from dokkupy_apps.releases.start_command import PROPERTIES, unread_note
from dokkupy_apps.rollout.converge import converge, prune_old
from dokkupy_apps.rollout.tasks import remove_tasks, run_task
from dokkupy_apps.routing.routes import urls, why_unreachable


def deploy_source(
    host: Host,
    app: AppName,
    *,
    kind: str,
    fill: Callable[[Path], str],
    revision: str = "",
    metadata: str = "",
    no_cache: bool = False,
    keep: Callable[[Transaction], None] | None = None,
) -> Deployment | None:
    """Build and deploy a source as one operation; None when `ps:set APP skip-deploy true` leaves the release unstarted.

    fill: writes the tree into an empty private directory and returns the revision. keep: called in the operation of a
    release that is not started, because no hook of a deploy is. Raises DokkupyError after
    everything was rolled back; the previous release keeps serving. Raises Busy at once when another operation runs.
    """
    require_unlocked(host, app)

    def deploy() -> Deployment | None:
        with operation(host, "deploy", f"app:{app}", wait=0) as tx:
            require_unlocked(host, app)
            with recorded(host, app, tx.id, kind="build", source=kind):
                directory = Path(host.path("work", tx.id))
                tx.register_undo("prepare the source", call(remove_work, identifier=tx.id))
                make_directory(str(directory))
                try:
                    source = prepare_source(tx, Source(app, directory, kind, fill(directory) or revision, metadata))
                    require_web_kept(host, declared(host, source), current(host, app)[1])
                    tag = image_name(host, app, f"build-{tx.id}".lower())
                    builder, image = build(tx, source, tag, no_cache=no_cache)
                    release = make_release(tx, source, builder, image)
                    require_web_kept(host, release, current(host, app)[1])
                finally:
                    remove_work(host, tx.id)
                for name in PROPERTIES if not host.dry_run else ():
                    if PS.raw(host.store, app, name) and (note := unread_note(release, name)):
                        host.out.warn(note)
                write_release(tx, release)
                tx.step("remove the build's temporary tag", lambda: drop_image(host, tag), is_detail=True)
                host.out.section(f"Releasing {app}...")
                tx.register_undo("run release tasks", call(remove_tasks, app=app))
                run_release_tasks(tx, release)
                if skips_deploy(host, app):
                    if keep is not None:
                        keep(tx)
                    tx.follow(call(prune_old, app=app))
                    tx.commit()
                    return None
                host.out.section(f"Deploying {app}...")
                deployment = converge(tx, release, release.formation, kind="deploy", replaces=lambda process: True)
                tx.commit()
            return deployment

    deployment = observed(host, app, deploy)
    if deployment is None:
        host.out.section("Skipping deployment")
        host.out.detail(f"The release is kept; to start it: ps:set {app} skip-deploy false, then ps:rebuild {app}")
    else:
        announce(host, app)
    return deployment


def skips_deploy(host: Host, app: AppName) -> bool:
    return PS.get(host.store, app, "skip-deploy") == "true"


Deployed = TypeVar("Deployed", bound="Deployment | None")


def observed(host: Host, app: AppName, deploy: Callable[[], Deployed]) -> Deployed:
    """Deploy, and report to the observers how it ended; a deploy that is skipped (None) is an event alone."""
    deployment, outcome, reason = None, "failed", ""
    try:
        deployment = deploy()
        outcome = "skipped" if deployment is None else "succeeded"
        return deployment
    except BaseException as error:
        reason = error.message if isinstance(error, DokkupyError) else str(error)
        raise
    finally:
        host.events.record(
            "deploy_finished",
            app=app,
            outcome=outcome,
            reason=reason,
            release=str(deployment.release.number) if isinstance(deployment, Deployment) else "",
        )
        if outcome != "skipped":
            host.hooks.notify(
                hookspecs.on_deploy_finished, host=host, app=app, deployment=deployment, outcome=outcome, reason=reason
            )


def announce(host: Host, app: AppName) -> None:
    host.out.title("Application deployed:")
    try:
        if goes_on_without_web(host, app):
            return
        reason = idle(host, app) or why_unreachable(host, app)
        found = urls(host, app) if not reason else []
    except DokkupyError as error:  # it is deployed, whatever a plugin cannot say of its certificates
        reason, found = error.message, []
    if reason:
        host.out.warn(reason)
    for url in found:
        host.out.detail(url)


def goes_on_without_web(host: Host, app: AppName) -> bool:
    """Whether it runs no web process and neither did its release before, whose deploy had to say so."""
    release, _ = current(host, app)
    earlier = [number for number in numbers(host, app) if release is not None and number < release.number]
    if release is None or not earlier or not any(release.formation.values()):
        return False
    return not release.formation.get(WEB) and not read_release(host, app, max(earlier)).formation.get(WEB)


def idle(host: Host, app: AppName) -> str:
    """What a deploy has to say of an app that serves nobody, because of its Procfile or formation."""
    release, _ = current(host, app)
    if release is None:
        return ""
    formation = wanted_formation(host, app, release.files, release.processes)
    return "; ".join(filter(None, (nothing_runs(release, formation), web_missing(host, release, formation))))


def remove_work(host: Host, identifier: str) -> None:
    shutil.rmtree(host.path("work", os.path.basename(identifier)), ignore_errors=True)


def declared(host: Host, source: Source) -> Release:
    """What the source itself says of the release, before it is built: its files, processes and formation."""
    app = source.app
    files = declared_files(host, app, source)
    procfile = files.get(PS.get(host.store, app, "procfile-path"))
    # Without a Procfile each type that was scaled runs the image's own command, as in Dokku.
    scaled = dict.fromkeys(name for name in (WEB, *stored_scale(host, app)) if name != RELEASE)
    processes = parse_procfile(procfile) if procfile is not None else scaled
    formation = wanted_formation(host, app, files, processes)
    return Release(app, 0, "", "", source.kind, processes=processes, formation=formation, files=files)


def make_release(tx: Transaction, source: Source, builder: str, image: Image) -> Release:
    host, app = tx.host, source.app
    release = declared(host, source)
    path = PS.get(host.store, app, "procfile-path")
    if path not in release.files and (close := almost(source.directory, path)):
        host.out.warn(f"{close} has no effect: the Procfile is read from {path}")
    return with_state(
        host,
        next_release(
            host,
            release,
            f"Deploy {source.revision[:8]}".strip(),
            image=image.id,
            revision=source.revision,
            builder=builder,
            detected=without_closed(host, app, image.ports),
        ),
    )


def declared_files(host: Host, app: AppName, source: Source) -> dict[str, str]:
    """The files that the release keeps, by the paths under which they were asked for."""
    wanted = [PS.get(host.store, app, "procfile-path")]
    wanted += [path for _, path in host.hooks.gather(hookspecs.release_files, host=host, app=app)]
    found = {}
    for path in dict.fromkeys(wanted):
        text = read_text(source.directory, path)
        if text is not None:
            found[path] = text
    return found


def run_release_tasks(tx: Transaction, release: Release) -> None:
    host = tx.host
    for _, (title, command) in host.hooks.gather(hookspecs.release_tasks, host=host, release=release):
        run_release_task(tx, release, title, command)
    command_of_release = release.processes.get(RELEASE)
    if command_of_release:
        run_release_task(tx, release, "Executing release task from Procfile", command_of_release)


def run_release_task(tx: Transaction, release: Release, title: str, command: str) -> None:
    tx.step(f"run in a container: {command}", lambda: run_task(tx.host, release, title, command))
