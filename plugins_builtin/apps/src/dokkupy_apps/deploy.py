"""Deploys: a source becomes an image, the image becomes a release, and the release starts to serve."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, TypeVar

from dokkupy_sdk import Host
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.errors import Busy
from dokkupy_sdk.files import almost, make_directory, read_text
from dokkupy_sdk.lines import one_line
from dokkupy_sdk.locks import holder, is_maintenance
from dokkupy_sdk.model import Deployment, Image, Release, Source
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call, operation
from dokkupy_sdk.values import replace

from dokkupy_apps.apps import require_unlocked
from dokkupy_apps.builds.image import build, prepare_source
from dokkupy_apps.builds.procfile import parse_procfile
from dokkupy_apps.builds.records import recorded
from dokkupy_apps.desired.formation import (
    RELEASE,
    WEB,
    require_room,
    require_web_kept,
    scale_note,
    stored_scale,
    wanted_formation,
)
from dokkupy_apps.desired.host_ports import without_closed
from dokkupy_apps.desired.properties import PS
from dokkupy_apps.releases.from_state import with_state
from dokkupy_apps.releases.records import (
    current,
    next_number,
    next_release,
    release_tag,
    write_release,
)
from dokkupy_apps.releases.start_command import PROPERTIES, unread_note
from dokkupy_apps.rollout.alongside import alongside
from dokkupy_apps.rollout.converge import converge, prune_old
from dokkupy_apps.rollout.failures import NotBegun, diagnosed, is_refused, noted, reason_of
from dokkupy_apps.rollout.summary import live_line, traffic_of, urls_to_say
from dokkupy_apps.rollout.tasks import remove_tasks, run_task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from dokkupy_apps.rollout.alongside import Later


@contextmanager
def deploying(host: Host, app: AppName, verb: str = "deploy", *, patience: float = 0) -> Iterator[Transaction]:
    """The operation of a deploy, or of what belongs to one. A second deploy is refused at once, as by Dokku, or waits for the
    first for `patience` seconds. The timer and a recovery, such as that after the engine's start, are waited for."""
    with ExitStack() as entered:
        try:
            tx = entered.enter_context(begun(host, app, verb, patience))
        except Busy as busy:
            raise NotBegun(busy.message, hint=busy.hint, details=busy.details) from busy
        yield tx


@contextmanager
def begun(host: Host, app: AppName, verb: str, patience: float) -> Iterator[Transaction]:
    subject = f"app:{app}"
    with ExitStack() as entered:
        try:
            tx = entered.enter_context(operation(host, verb, subject, wait=0))
        except Busy:
            living = holder(host.root, subject)
            if living and not is_maintenance(living):
                if not patience:
                    raise
                tx = entered.enter_context(waited_for(host, app, verb, living, patience))
            else:
                tx = entered.enter_context(operation(host, verb, subject))
        yield tx


@contextmanager
def waited_for(
    host: Host, app: AppName, verb: str, living: Mapping[str, Any], patience: float
) -> Iterator[Transaction]:
    """The operation, after those that hold the app's lock. Says at once for what it waits, and then every ten seconds."""
    from dokkupy_sdk.locks import describe
    from dokkupy_sdk.waiting import waiting

    def say(_: str) -> None:
        host.out.section(f"Still waiting for {describe(holder(host.root, subject), in_full=True)}")

    subject = f"app:{app}"
    host.out.section(f"Waiting for {describe(dict(living), in_full=True)}")
    with ExitStack() as entered:
        with waiting(host.out, f"the running change of {app}", say=say):
            tx = entered.enter_context(operation(host, verb, subject, wait=patience))
        yield tx


def deploy_source(
    host: Host,
    app: AppName,
    *,
    kind: str,
    fill: Callable[[Path], str],
    revision: str = "",
    metadata: str = "",
    no_cache: bool = False,
    labels: Mapping[str, str] | None = None,
    record: Callable[[Transaction, Deployment | None], None] | None = None,
    patience: float = 0,
) -> Deployment | None:
    """Build and deploy a source as one operation; None when `ps:set APP skip-deploy true` leaves the release unstarted.

    fill: writes the tree into an empty private directory and returns the revision. labels: more labels of the image.
    record: called before the commit, to record what the deploy makes true of its source; with the deployment that serves,
    or with None when the release is not started. Raises DokkupyError after everything was rolled back; the previous release
    keeps serving. Raises Busy when another operation runs, except the timer's or a recovery: at once, or after `patience`
    seconds.
    """
    from pathlib import Path

    require_unlocked(host, app)

    def deploy() -> Deployment | None:
        with deploying(host, app, patience=patience) as tx:
            require_unlocked(host, app)
            with recorded(host, app, tx.id, kind="build", source=kind):
                directory = Path(host.path("work", tx.id))
                tx.register_undo("prepare the source", call(remove_work, identifier=tx.id))
                make_directory(str(directory))
                try:
                    with noted(host, app, "build"):
                        source = prepare_source(tx, Source(app, directory, kind, fill(directory) or revision, metadata))
                        require_web_kept(host, declared(host, source), current(host, app)[1])
                        tag = release_tag(host, app, next_number(host, app))
                        builder, image = build(tx, source, tag, no_cache=no_cache, labels=labels or {})
                        release = make_release(tx, source, builder, image)
                        require_web_kept(host, release, current(host, app)[1])
                finally:
                    remove_work(host, identifier=tx.id)
                for name in PROPERTIES if not host.dry_run else ():
                    if PS.raw(host.store, app, name) and (note := unread_note(release, name)):
                        host.out.warn(note)
                if note := scale_note(host, release):
                    host.out.detail(note)
                write_release(tx, release, is_tagged=True)
                deployment = run_release(tx, release, record)
                tx.commit()
            return deployment

    deployment = observed(host, app, deploy, kind=kind, lists_urls=True)
    if deployment is None:
        host.out.section("Skipping deployment")
        host.out.detail(f"The release is kept; to start it: ps:set {app} skip-deploy false, then ps:rebuild {app}")
    return deployment


def run_release(
    tx: Transaction, release: Release, record: Callable[[Transaction, Deployment | None], None] | None
) -> Deployment | None:
    """Run the release tasks, then the release. The container of a task is removed while the instances start."""
    host, app = tx.host, release.app
    tx.register_undo("run release tasks", call(remove_tasks, app=app))
    with alongside() as later:
        with noted(host, app, "release"):
            run_release_tasks(tx, release, later)
        if skips_deploy(host, app):
            if record is not None:
                record(tx, None)
            tx.follow(call(prune_old, app=app))
            return None
        return converge(tx, release, release.formation, kind="deploy", replaces=lambda process: True, record=record)


def skips_deploy(host: Host, app: AppName) -> bool:
    return PS.get(host.store, app, "skip-deploy") == "true"


Deployed = TypeVar("Deployed", bound="Deployment | None")


def observed(
    host: Host, app: AppName, deploy: Callable[[], Deployed], *, kind: str = "deploy", lists_urls: bool = False
) -> Deployed:
    """Deploy, record how it ended, notify the observers, and print what is live. A skipped deploy (None) is only
    recorded as an event. lists_urls: print Dokku's list of URLs, which clients read."""
    deployment, outcome, reason = None, "failed", ""
    began = time.monotonic()
    with diagnosed(host, app, is_build=lists_urls):
        try:
            deployment = deploy()
            outcome = "skipped" if deployment is None else "succeeded"
        except BaseException as error:
            reason = reason_of(error)
            outcome = "" if is_refused(error, is_build=lists_urls) else outcome
            raise
        finally:
            seconds = time.monotonic() - began
            if outcome:
                record_end(host, app, deployment, outcome=outcome, reason=reason, kind=kind, seconds=seconds)
    if outcome == "succeeded":
        host.hooks.notify(
            hookspecs.on_deploy_finished,
            host=host,
            app=app,
            deployment=deployment,
            outcome=outcome,
            reason="",
            error=None,
        )
    if isinstance(deployment, Deployment) and not host.dry_run:
        found = urls_to_say(host, app, lists=lists_urls)
        host.out.title(live_line(deployment, found, seconds, traffic_of(host, deployment)))
    return deployment


def record_end(
    host: Host, app: AppName, deployment: Deployment | None, *, outcome: str, reason: str, kind: str, seconds: float
) -> None:
    host.events.record(
        "deploy_finished",
        app=app,
        outcome=outcome,
        reason=reason,
        release=str(deployment.release.number) if deployment is not None else "",
        kind=kind,
        by=host.who,
        seconds=f"{seconds:.1f}",
    )


def remove_work(host: Host, *, identifier: str) -> None:
    import shutil

    shutil.rmtree(host.path("work", os.path.basename(identifier)), ignore_errors=True)


def declared(host: Host, source: Source) -> Release:
    """What the source declares before it is built: the release's files, processes and formation."""
    app = source.app
    files = declared_files(host, app, source)
    procfile = files.get(PS.get(host.store, app, "procfile-path"))
    # Without a Procfile, each scaled process type runs the image's own command, as in Dokku.
    scaled = dict.fromkeys(name for name in (WEB, *stored_scale(host, app)) if name != RELEASE)
    processes = parse_procfile(procfile) if procfile is not None else scaled
    release = Release(app, 0, "", "", source.kind, processes=processes, files=files)
    formation = wanted_formation(host, app, release)
    serving = current(host, app)[0]
    require_room(host, app, formation, sum(wanted_formation(host, app, serving).values()) if serving else 0)
    return replace(release, formation=formation)


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
    """Path -> content of the files that the release keeps. The paths are those by which plugins ask for them."""
    wanted = [PS.get(host.store, app, "procfile-path")]
    wanted += [path for _, path in host.hooks.gather(hookspecs.release_files, host=host, app=app)]
    found = {}
    for path in dict.fromkeys(wanted):
        text = read_text(source.directory, path)
        if text is not None:
            found[path] = text
    return found


def run_release_tasks(tx: Transaction, release: Release, later: Later) -> None:
    host, prefix = tx.host, f"Releasing v{release.number}"
    tasks = [
        (title, command, title)
        for _, (title, command) in host.hooks.gather(hookspecs.release_tasks, host=host, release=release)
    ]
    if command := release.processes.get(RELEASE):
        tasks.append(("Executing release task from Procfile", command, f"release: {one_line(command, 100)}"))
    if not tasks:
        host.out.section(prefix)
    for title, command, label in tasks:
        heading = f"{prefix}    {label}" if prefix else label
        tx.step(
            f"run in a container: {command}",
            partial(run_task, host, release, title, command, heading=heading, later=later),
        )
        prefix = ""
