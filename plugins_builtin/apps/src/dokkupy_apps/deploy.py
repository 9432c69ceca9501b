"""Deploys: source becomes an image, the image a release, the release what serves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from dokkupy_sdk import Host
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.audit import stamp
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.files import almost, make_directory, read_text
from dokkupy_sdk.model import Build, Deployment, Image, Release, Source
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.operation import Transaction, call, operation
from dokkupy_sdk.settings import BUILD

from dokkupy_apps.apps import require_unlocked
from dokkupy_apps.build.build_slot import build_slot
from dokkupy_apps.build.builder_choice import built_part, choose_builder
from dokkupy_apps.build.procfile import parse_procfile
from dokkupy_apps.build.records import recorded
from dokkupy_apps.desired.config import get_env, merged_env, validated
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
from dokkupy_apps.releases.private_names import private_part
from dokkupy_apps.releases.records import (
    current,
    drop_image,
    image_name,
    next_number,
    numbers,
    own_ports,
    read_release,
    write_release,
)
from dokkupy_apps.releases.state_mark import state_mark
from dokkupy_apps.rollout.converge import converge
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
) -> Deployment:
    """Build and deploy a source as one operation.

    fill: writes the tree into an empty private directory and returns the revision. Raises DokkupyError after
    everything was rolled back; the previous release keeps serving. Raises Busy at once when another operation runs.
    """
    require_unlocked(host, app)

    def deploy() -> Deployment:
        with operation(host, "deploy", f"app:{app}", wait=0) as tx:
            require_unlocked(host, app)
            with recorded(host, app, tx.id, kind="build", source=kind):
                directory = Path(host.path("work", tx.id))
                tx.register_undo("prepare the source", call(remove_work, identifier=tx.id))
                make_directory(str(directory))
                try:
                    source = received(tx, Source(app, directory, kind, fill(directory) or revision, metadata))
                    require_web_kept(host, declared(host, source), current(host, app)[1])
                    tag = image_name(host, app, f"build-{tx.id}".lower())
                    builder, image = build(tx, source, tag, no_cache=no_cache)
                    release = make_release(tx, source, builder, image)
                    require_web_kept(host, release, current(host, app)[1])
                finally:
                    remove_work(host, tx.id)
                write_release(tx, release)
                tx.step("drop the build's own tag", lambda: drop_image(host, tag))
                host.out.section(f"Releasing {app}...")
                tx.register_undo("run release tasks", call(remove_tasks, app=app))
                run_release_tasks(tx, release)
                host.out.section(f"Deploying {app}...")
                deployment = converge(tx, release, release.formation, kind="deploy", replaces=lambda process: True)
                tx.commit()
            return deployment

    deployment = observed(host, app, deploy)
    announce(host, app)
    return deployment


def observed(host: Host, app: AppName, deploy: Callable[[], Deployment]) -> Deployment:
    """Deploy, and report to the observers how it ended."""
    deployment, outcome, reason = None, "succeeded", ""
    try:
        deployment = deploy()
    except BaseException as error:
        outcome, reason = "failed", error.message if isinstance(error, DokkupyError) else str(error)
        raise
    finally:
        host.events.record(
            "deploy_finished",
            app=app,
            outcome=outcome,
            reason=reason,
            release=str(deployment.release.number) if deployment else "",
        )
        host.hooks.notify(
            hookspecs.on_deploy_finished, host=host, app=app, deployment=deployment, outcome=outcome, reason=reason
        )
    return deployment


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


# source and build


def received(tx: Transaction, source: Source) -> Source:
    """The part of the source that is built, looked at by the plugins."""
    host = tx.host
    source = built_part(host, source)
    host.hooks.emit(hookspecs.post_source_receive, host=host, source=source, tx=tx)
    return source


def build(tx: Transaction, source: Source, tag: str, *, no_cache: bool) -> tuple[str, Image]:
    host, app = tx.host, source.app
    name = choose_builder(host, source)
    env = merge_plugin_env(host.hooks.gather(hookspecs.build_env, host=host, source=source))
    env.update({str(key): value for key, value in merged_env(host, app).items()})
    options = tuple(
        word
        for _, word in host.hooks.gather(
            hookspecs.container_options, host=host, app=app, phase="build", process="build"
        )
    )
    request = Build(
        id=tx.id,
        source=source,
        builder=name,
        env=env,
        options=(*options, "--no-cache") if no_cache else options,
        tag=tag,
        private=private_part(host.store, app),
        labels={
            "dokku": "",
            "com.dokku.app-name": app,
            "com.dokku.image-stage": "release",
            "dokkupy.app": app,
            "org.label-schema.schema-version": "1.0",
            "org.label-schema.vendor": "dokku",
        },
    )
    host.out.section(f"Building {app} from {name}")
    host.hooks.emit(hookspecs.pre_build, host=host, build=request, tx=tx)

    def run_builder() -> Image:
        with build_slot(host, app):
            return host.builder(name).build(request)

    image = tx.step(
        f"build the image with the builder {name}", run_builder, undo=call(drop_image, ref=tag), planned=Image("")
    )
    host.hooks.emit(hookspecs.post_build, host=host, build=request, image=image, tx=tx)
    return name, image


# release


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
        host.out.warn(f"{close} has no effect: the name of a Procfile is {path}")
    return with_state(
        host,
        replace(
            release,
            number=next_number(host, app),
            image=image.id,
            created_at=stamp(),
            revision=source.revision,
            description=f"Deploy {source.revision[:8]}".strip(),
            builder=builder,
            detected=without_closed(host, app, image.ports),
        ),
    )


def with_state(host: Host, release: Release) -> Release:
    """The release with the environment, formation, options and settings that the app's state has now."""
    app, files = release.app, release.files
    wanted = release_settings(host, app, None)
    settings = release_settings(host, app, release.settings) if release.settings else wanted
    kept = kept_properties(host)
    return replace(
        release,
        env=merged_env(host, app),
        own_ports=own_ports(host, app),
        config=get_env(host, app),
        formation=wanted_formation(host, app, files, release.processes),
        options={
            "run": options(host, app, "run", "run"),
            **{f"deploy:{process}": options(host, app, "deploy", process) for process in release.processes},
        },
        settings=settings,
        mark=state_mark(host, app, kept) if settings == wanted else "",
        kept=kept,
        plugins={entry.plugin: entry.version for entry in host.registry.entries},
    )


def merge_plugin_env(facts: Iterable[tuple[str, tuple[str, Secret]]]) -> dict[str, Secret]:
    """Variables of plugins (an app.json has some), held to what the app's own are held to when they are set."""
    return {key: Secret(validated(key, value.reveal())) for key, value in ((EnvKey(k), v) for _, (k, v) in facts)}


def options(host: Host, app: AppName, phase: str, process: str) -> tuple[str, ...]:
    facts = host.hooks.gather(hookspecs.container_options, host=host, app=app, phase=phase, process=process)
    return tuple(word for _, word in facts)


def release_settings(
    host: Host, app: AppName, built: Mapping[str, Mapping[str, str]] | None
) -> Mapping[str, Mapping[str, str]]:
    """namespace -> property -> effective value of the properties that shape a release; empty ones are left out.

    built: the settings of a release whose image stays: what its image was built with stays, too. None: a new image.
    """
    found: dict[str, dict[str, str]] = {}
    for entry in host.registry.group("dokkupy.settings").values():
        settings = host.registry.load(entry)
        values = settings.all(host.store, app)
        shaping = {name: values[name] for name, p in settings.properties.items() if p.is_kept and values[name]}
        if built is not None:
            old = built.get(settings.namespace, {})
            fixed = {name for name, p in settings.properties.items() if p.applies is BUILD}
            shaping = {name: value for name, value in shaping.items() if name not in fixed}
            shaping.update({name: value for name, value in old.items() if name in fixed})
        if shaping:
            found[settings.namespace] = shaping
    return found


def kept_properties(host: Host) -> dict[str, tuple[str, ...]]:
    """namespace -> the properties that shape a release, set or not."""
    declared = [host.registry.load(entry) for entry in host.registry.group("dokkupy.settings").values()]
    found = {one.namespace: tuple(n for n, prop in one.properties.items() if prop.is_kept) for one in declared}
    return {namespace: names for namespace, names in found.items() if names}


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
