"""The catalogue of hooks: the lifecycle of a host, an app, a build, a deploy, a route and a service.

Four shapes, readable from the name:

* event `pre_<step>`, `post_<step>`: returns nothing; a failing implementation aborts the operation, which is undone.
* query `resolve_<noun>`: the first answer that is not None counts; a failing implementation aborts.
* contribution (a noun): returns an iterable of facts that core merges; a conflict names both plugins.
* observer `on_<outcome>`: returns nothing; a failure is shown as a warning and never aborts.

An implementation is a function of the same name, decorated with `dokkupy_sdk.hookimpl`, in the module that the entry
point group `dokkupy.plugins` names; it takes any subset of the arguments. Implementations run in the name order of
their plugins. `host` is the `Host`; `tx` is the running operation: side effects go through `tx.step`, so that they
are undone when a later step fails. Core calls hooks by these functions themselves:
`host.hooks.emit(hookspecs.post_deploy, host=host, deployment=d, tx=tx)`.
"""

from __future__ import annotations

from pluggy import HookspecMarker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dokkupy.host import Host
    from dokkupy.model.build import Build, Image, Source
    from dokkupy.model.checks import Finding, Job
    from dokkupy.model.crash import Crash
    from dokkupy.model.names import AppName, Domain
    from dokkupy.model.proxy import Certificate, ProxyFact
    from dokkupy.model.release import Deployment, Release
    from dokkupy.model.secret import Secret
    from dokkupy.transaction import Transaction

hookspec = HookspecMarker("dokkupy")


# host


@hookspec
def setup_changes(host: Host, dry_run: bool) -> Iterable[str]:  # type: ignore[empty-body]
    """The host is being set up by root (`dokkupy setup`): wire your part of it, idempotently.

    Returns a line for each change made (with dry_run: that would be made); none when all is in place already.
    Called as root. Raises HostError when it cannot be done.
    """


@hookspec
def teardown_changes(host: Host, dry_run: bool) -> Iterable[str]:  # type: ignore[empty-body]
    """The host gives dokkupy up (`dokkupy setup --remove`): take away what `setup_changes` put. Called as root."""


@hookspec
def doctor_checks(host: Host) -> Iterable[Finding]:  # type: ignore[empty-body]
    """`dokkupy doctor` asks: findings about your part of the host, each with a remedy. Changes nothing."""


@hookspec
def on_recover(host: Host) -> None:
    """The host came up again, or `dokkupy recover` was asked for: bring what you keep running to what its state says.
    Told before the apps are, which may need it. Idempotent."""


@hookspec
def scheduled_jobs(host: Host) -> Iterable[Job]:  # type: ignore[empty-body]
    """`dokkupy tick` asks for time-driven work; it keeps when each job last ran."""


# app


@hookspec
def pre_app_destroy(host: Host, app: AppName, tx: Transaction) -> None:
    """The app is about to be destroyed; raise to refuse (a service is linked, data would be lost)."""


@hookspec
def post_app_destroy(host: Host, app: AppName) -> None:
    """The app is gone and cannot come back: remove what you keep for it outside its state directory. Idempotent."""


@hookspec
def post_app_rename(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """The app's state moved: move what you keep under its name."""


@hookspec
def post_app_clone(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """A copy of the app was made; the files of its state directory are copied already."""


# source and build


@hookspec
def release_files(host: Host, app: AppName) -> Iterable[str]:  # type: ignore[empty-body]
    """Relative paths of files of the source that you need in the release (`app.json`, a proxy template).

    Core reads them as text, safely, when they exist, into `Release.files` under these names.
    """


@hookspec
def post_source_receive(host: Host, source: Source, tx: Transaction) -> None:
    """The source lies in its private directory: files may be read (they are untrusted) or added."""


@hookspec
def pre_build(host: Host, build: Build, tx: Transaction) -> None:
    """The builder is chosen and about to run."""


@hookspec
def build_env(host: Host, source: Source) -> Iterable[tuple[str, Secret]]:  # type: ignore[empty-body]
    """Environment for the build alone, beside the app's own."""


@hookspec
def post_cache_purge(host: Host, app: AppName, tx: Transaction) -> None:
    """What builds of the app kept for the next one is to be forgotten (`repo:purge-cache`)."""


@hookspec
def post_build(host: Host, build: Build, image: Image, tx: Transaction) -> None:
    """The image is built; raise to refuse it (a scan found something)."""


# release


@hookspec
def release_formation(host: Host, app: AppName, files: Mapping[str, str]) -> Iterable[tuple[str, int]]:  # type: ignore[empty-body]
    """(process type, quantity) pairs that the source itself fixes; while any are given, `ps:scale` refuses."""


@hookspec
def container_options(host: Host, app: AppName, phase: str, process: str) -> Iterable[str]:  # type: ignore[empty-body]
    """Docker options (argv words) for containers of this app. phase: build, deploy or run. process: the type of the
    instances for deploy, `run` for one-off containers (a type of the reference's resource limits), `build` for builds.
    """


@hookspec
def linked_containers(host: Host, app: AppName) -> Iterable[tuple[str, str]]:  # type: ignore[empty-body]
    """(container, host name): containers of the engine, such as those of linked services, that the app's processes
    reach by that name. The scheduler lets them into the app's network, and no others."""


@hookspec
def release_tasks(host: Host, release: Release) -> Iterable[tuple[str, str]]:  # type: ignore[empty-body]
    """(title, command) to be run in one-off containers of the new image before anything of it serves.

    The Procfile's `release` command is core's own and runs last; a task that exits non-zero ends the deploy.
    """


# deploy


@hookspec
def pre_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """The release is recorded and its tasks ran; no instance was started yet."""


@hookspec
def pre_switch(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """All instances were started, none serves: check them. Raise AppError to keep the old ones serving.

    `deployment.fresh` are the instances to look at. `CheckFailed` (an AppError) carries the instances at fault, so
    that core can show their last log lines.
    """


@hookspec
def post_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """The new instances serve and the old ones still run: an error here switches back."""


@hookspec
def on_deploy_finished(host: Host, app: AppName, deployment: Deployment | None, outcome: str, reason: str) -> None:
    """A deploy ended. outcome: succeeded or failed; deployment is None when it failed before a release existed."""


@hookspec
def on_process_crashed(host: Host, crash: Crash) -> None:
    """A process of an app, or the server of a service, ended without having been asked to.

    The timer calls it, at most once a minute for each process; `crash.restarts` counts the ends in between. `crash.oom`
    says that it ran out of memory, `crash.lines` are its last lines of output. The engine or the timer starts it again
    by its restart policy, whatever an implementation does.
    """


# proxy


@hookspec
def proxy_config(host: Host, app: AppName) -> Iterable[ProxyFact]:  # type: ignore[empty-body]
    """Facts to add to the app's route."""


@hookspec(firstresult=True)
def resolve_certificate(host: Host, app: AppName, domain: Domain | None) -> Certificate | None:
    """The certificate that the proxy should serve for one of the app's names; None for an app without names.

    Asked for each name when a route is made: answer from the state, without looking into the files.
    """


@hookspec(firstresult=True)
def resolve_unavailable(host: Host, app: AppName) -> str | None:
    """Why an app that is deployed and meant to be reached may not answer: `crashed`, for the page that visitors get then.
    None when it answers as far as you know. Asked when its route changes: answer from the state, without asking the app."""
