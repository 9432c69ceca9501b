"""What app.json says, at the moments of a deploy at which it counts.

The environment goes into the app's own configuration, so it stays the same from release to release and `config:*`
can change it. Scripts run in one-off containers of the new image.
"""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName
from dokkupy_sdk.records import Record

from dokkupy_app_json.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dokkupy_sdk.model import Build, Deployment, Release, Source
    from dokkupy_sdk.names import EnvKey, Secret
    from dokkupy_sdk.operation import Transaction

    from dokkupy_app_json.reader import AppJson

NO_SCRIPTS = ("ports", "scale", "restore")
"""Deployments of the same code, command and variables, with other routes or more processes: no script runs for them."""


class AppJsonFile(Record, file="apps/*/app-json"):
    """postdeploy_ran: whether the script that runs once has."""

    postdeploy_ran: bool = False


def where(host: Host, app: AppName) -> str:
    return SETTINGS.get(host.store, app, "appjson-path")


def facts_of(path: str, files: Mapping[str, str]) -> AppJson:
    """The facts of a release's files."""
    from dokkupy_app_json.reader import parse_app_json

    return parse_app_json(files.get(path), path, stored=True)


def of_release(release: Release) -> AppJson:
    return facts_of(release.setting("app-json", "appjson-path", "app.json"), release.files)


def of_source(host: Host, source: Source) -> AppJson:
    from dokkupy_sdk.files import read_text

    from dokkupy_app_json.reader import parse_app_json

    path = where(host, source.app)
    return parse_app_json(read_text(source.directory, path), path)


@hookimpl
def release_files(host: Host, app: AppName) -> Iterable[str]:
    return [where(host, app)]


@hookimpl
def post_source_receive(host: Host, source: Source) -> None:
    """A bad app.json, or a required variable that is missing, ends the deploy before its build."""
    planned(host, source)
    from dokkupy_sdk.files import almost
    from dokkupy_sdk.legacy_env import legacy_lines

    from dokkupy_app_json.notices import notices

    path, facts = where(host, source.app), of_source(host, source)
    if close := almost(source.directory, path):
        host.out.warn(f"{close} has no effect: the file is called {path}")
    for line in notices(path, facts, host.registry.handles):
        host.out.warn(line)
    for line in legacy_lines(host, source.app, [str(entry.key) for entry in facts.env]):
        host.out.warn(f"{path}: env.{line}")


@hookimpl
def build_env(host: Host, source: Source) -> Iterable[tuple[str, Secret]]:
    """The first build sees the variables, too, that are set after it; a generated secret of it is thrown away."""
    return [(str(key), value) for key, value in planned(host, source).items()]


@hookimpl
def post_build(host: Host, build: Build, tx: Transaction) -> None:
    changes = planned(host, build.source)
    if changes:
        from dokkupy_apps.desired.config import set_env

        set_env(tx, build.source.app, changes)


def planned(host: Host, source: Source) -> Mapping[EnvKey, Secret]:
    facts = of_source(host, source)
    if not facts.env:
        return {}
    from dokkupy_apps.desired.config import get_env
    from dokkupy_apps.releases.serving import is_deployed

    from dokkupy_app_json.environment import planned_env

    present = {**get_env(host, None), **get_env(host, source.app)}
    first = not is_deployed(host, source.app)
    return planned_env(facts, present, first=first)


@hookimpl
def release_formation(
    host: Host, app: AppName, files: Mapping[str, str], settings: Mapping[str, Mapping[str, str]]
) -> Iterable[tuple[str, int]]:
    """By the path with which the release was built: another one takes effect with the next build."""
    path = settings.get("app-json", {}).get("appjson-path", "app.json") if settings else where(host, app)
    return [(str(process), count) for process, count in facts_of(path, files).quantities.items()]


@hookimpl
def start_limits(release: Release) -> Iterable[tuple[str, int]]:
    formation = of_release(release).formation
    return [(str(name), entry.max_parallel) for name, entry in formation.items() if entry.max_parallel is not None]


@hookimpl
def release_tasks(host: Host, release: Release) -> Iterable[tuple[str, str]]:
    require_configured(host, release)
    command = of_release(release).scripts.predeploy
    return [(f"Executing predeploy task from app.json: {command}", command)] if command else []


def require_configured(host: Host, release: Release) -> None:
    """Raise AppError if the path was set and its file is missing, and the app would lose what its app.json says. This is
    known as soon as a release is made: a build also repairs a lost image, and that release keeps its own file."""
    from dokkupy_apps.releases.records import current
    from dokkupy_sdk.errors import AppError

    path, app = release.setting("app-json", "appjson-path", "app.json"), release.app
    own = SETTINGS.raw(host.store, app, "appjson-path")
    if path in release.files or not (own or SETTINGS.raw(host.store, None, "appjson-path")):
        return
    serving = current(host, app)[0]
    before = serving.setting("app-json", "appjson-path", "app.json") if serving is not None else ""
    if serving is None or before not in serving.files:
        host.out.warn(f"{path}, where app.json of {app} is read from, is not in the source: the app has no app.json")
        return
    raise AppError(
        f"{path}, where app.json of {app} is read from, is not in the source. With this release, {app} would lose what its "
        f"{before} says: formation, cron tasks, health checks, scripts and env",
        hint=f"Add the file and deploy again. To read app.json again: app-json:set {app if own else '--global'} appjson-path",
        code="app_json_missing",
    )


@hookimpl
def pre_deploy(host: Host, deployment: Deployment) -> None:
    """The process types are known now, so that those can be named that the file has and the app has not."""
    facts = of_release(deployment.release)
    if deployment.kind != "deploy" or not (facts.formation or facts.healthchecks):
        return
    from dokkupy_app_json.notices import without_process

    path = deployment.release.setting("app-json", "appjson-path", "app.json")
    for line in without_process(path, facts, deployment.release.processes):
        host.out.warn(line)


@hookimpl
def post_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """The scripts after a deploy. One that fails takes the deploy back, the mark of the once-only one included."""
    if deployment.kind in NO_SCRIPTS:
        return
    scripts = of_release(deployment.release).scripts
    record = host.store.load(AppJsonFile, deployment.app)
    if scripts.once and not record.postdeploy_ran:
        tx.save(record.replace(postdeploy_ran=True), deployment.app)
        run(host, deployment.release, scripts.once)
    if scripts.postdeploy:
        run(host, deployment.release, scripts.postdeploy)


def run(host: Host, release: Release, command: str) -> None:
    from dokkupy_apps.rollout.tasks import run_task

    run_task(host, release, f"Executing postdeploy task from app.json: {command}", command)


@hookimpl
def post_app_clone(host: Host, new: AppName, tx: Transaction) -> None:
    """A copy is a new app: its once-only script has not run."""
    record = host.store.load(AppJsonFile, new)
    if record.postdeploy_ran:
        tx.save(record.replace(postdeploy_ran=False), new)


@hookimpl
def post_app_rename(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """A renamed app is the same app: its once-only script has run."""
    if host.store.load(AppJsonFile, old).postdeploy_ran:
        tx.save(host.store.load(AppJsonFile, new).replace(postdeploy_ran=True), new)
