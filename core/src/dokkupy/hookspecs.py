"""The catalogue of hooks: the lifecycle of a host, an app, a build, a deploy, a route and a service.

The name of a hook says which of four shapes it has:

* event `pre_<step>`, `post_<step>`: returns nothing. When an implementation fails, the operation is rolled back.
* query `resolve_<noun>`: the first answer that is not None counts. When an implementation fails, the operation is rolled back.
* contribution (a noun): returns an iterable of facts, which core merges. A conflict is an error that names both plugins.
* observer `on_<outcome>`: returns nothing. When an implementation fails, a warning is shown and nothing else changes.

An implementation is a function of the same name with the decorator `dokkupy_sdk.hookimpl`, in the module that the entry
point group `dokkupy.plugins` names. It declares only the arguments that it uses. Implementations run in the order of
their plugins' names. `host` is the `Host`. `tx` is the transaction of the running operation: make side effects by `tx.step`,
so that they are undone when a later step fails. Core calls a hook by its function:
`host.hooks.emit(hookspecs.post_deploy, host=host, deployment=d, tx=tx)`.
"""

from __future__ import annotations

from pluggy import HookspecMarker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dokkupy.errors import DokkupyError
    from dokkupy.host import Host
    from dokkupy.model.build import Build, Image, RegistryLogin, Source
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
    """Root sets up the host (`dokkupy setup`): set up your part of it, idempotently. Called as root. Returns a line for each
    change that was made, or with dry_run would be made. Raises HostError when your part cannot be set up."""


@hookspec
def teardown_changes(host: Host, dry_run: bool, purge: bool) -> Iterable[str]:  # type: ignore[empty-body]
    """Root removes dokkupy (`dokkupy setup --remove`): remove what `setup_changes` created. purge: the state goes too.
    Called as root."""


@hookspec
def doctor_checks(host: Host) -> Iterable[Finding]:  # type: ignore[empty-body]
    """The findings of `dokkupy doctor` about your part of the host, each with what to do about it. Changes nothing."""


@hookspec
def on_recover(host: Host) -> None:
    """The host booted, or somebody runs `dokkupy recover`: start or stop what you run, as your state says.
    Runs before the apps are recovered, because they may depend on it. Idempotent."""


@hookspec
def scheduled_jobs(host: Host) -> Iterable[Job]:  # type: ignore[empty-body]
    """The jobs that `dokkupy tick` runs by time. The timer records when each last ran."""


# app


@hookspec
def pre_app_destroy(host: Host, app: AppName, tx: Transaction) -> None:
    """The app is about to be destroyed. Raise an error to refuse, for example because a service is linked."""


@hookspec
def post_app_destroy(host: Host, app: AppName) -> None:
    """The app was destroyed irrevocably: remove what you keep for it outside its state directory. Idempotent."""


@hookspec
def post_app_rename(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """The app was renamed, and its state directory moved: rename what you keep under its name elsewhere."""


@hookspec
def post_app_clone(host: Host, old: AppName, new: AppName, tx: Transaction) -> None:
    """The app was cloned, with the files of its state directory: copy what you keep elsewhere."""


# source and build


@hookspec
def release_files(host: Host, app: AppName) -> Iterable[str]:  # type: ignore[empty-body]
    """Relative paths of the files of the source that you use after the build, such as `app.json` or a proxy template.

    Core reads those that exist, as text and without following links, and keeps them in `Release.files` by these paths.
    """


@hookspec
def post_source_receive(host: Host, source: Source, tx: Transaction) -> None:
    """The source is checked out in its private directory. Read files (they are untrusted) or add some."""


@hookspec
def pre_build(host: Host, build: Build, tx: Transaction) -> None:
    """The builder is chosen and is about to run. Raise AppError to refuse the source, for example after a scan."""


@hookspec
def build_env(host: Host, source: Source) -> Iterable[tuple[str, Secret]]:  # type: ignore[empty-body]
    """Environment variables for the build alone, besides the app's own."""


@hookspec
def registry_logins(host: Host, app: AppName | None) -> Iterable[RegistryLogin]:  # type: ignore[empty-body]
    """Logins of image registries: those that all apps share, and those of one app. Used by pulls, builds and pushes."""


@hookspec
def post_cache_purge(host: Host, app: AppName, tx: Transaction) -> None:
    """Somebody runs `repo:purge-cache`: remove what builds of the app keep for the next build."""


@hookspec
def post_build(host: Host, build: Build, image: Image, tx: Transaction) -> None:
    """The image is built. Raise AppError to refuse it, for example after a scan."""


# release


@hookspec
def release_formation(  # type: ignore[empty-body]
    host: Host, app: AppName, files: Mapping[str, str], settings: Mapping[str, Mapping[str, str]]
) -> Iterable[tuple[str, int]]:
    """The pairs (process type, quantity) that the source of a release sets. files, settings: those of `Release`; no
    settings: the release is being made, with the current ones."""


@hookspec
def start_limits(host: Host, release: Release) -> Iterable[tuple[str, int]]:  # type: ignore[empty-body]
    """Pairs (process type, number): at most so many instances of the type start at once. The next ones start when these are
    checked, so `pre_switch` is called for each group."""


@hookspec
def container_options(host: Host, app: AppName, phase: str, process: str) -> Iterable[str]:  # type: ignore[empty-body]
    """Docker options, as arguments, for containers of this app. phase: build, deploy or run. process: for deploy the
    process type of the instances, for one-off containers `run`, for builds `build`.
    """


@hookspec
def linked_containers(host: Host, app: AppName) -> Iterable[tuple[str, str]]:  # type: ignore[empty-body]
    """Pairs (container, host name): containers, such as those of linked services, which the app's processes reach by that
    name. The scheduler connects these to the app's network, and no others."""


@hookspec
def release_tasks(host: Host, release: Release) -> Iterable[tuple[str, str]]:  # type: ignore[empty-body]
    """Pairs (title, command): each command runs in a one-off container of the new image, before the image serves.

    Core runs the `release` command of the Procfile after them. A task that exits with another status than 0 fails the deploy.
    """


# deploy


@hookspec
def pre_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """The release is recorded and its tasks have run. No instance has started yet."""


@hookspec
def pre_switch(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """All new instances have started, and none serves yet: check them. Raise AppError to keep the old ones serving.

    The new instances are `deployment.fresh`; with `start_limits`, those of one group. Raise `CheckFailed` (an AppError) with
    the instances that failed, because core shows their last lines of output.
    """


@hookspec
def post_deploy(host: Host, deployment: Deployment, tx: Transaction) -> None:
    """The new instances serve, and the old ones are still running: an error switches back to them."""


@hookspec
def on_deploy_finished(
    host: Host, app: AppName, deployment: Deployment | None, outcome: str, reason: str, error: DokkupyError | None
) -> None:
    """A deploy ended, or a start or scaling failed. outcome: succeeded or failed. reason: why it failed. deployment: None
    when it failed. error: what the user is shown next; add to its hint what you know of the cause."""


@hookspec
def on_process_crashed(host: Host, crash: Crash) -> None:
    """A process of an app, or the server of a service, ended although nobody stopped it.

    The timer calls it, at most once a minute for each process; `crash.restarts` counts the crashes since the last call.
    `crash.oom` means that it ran out of memory, and `crash.lines` are its last lines of output. Whatever an implementation
    does, the engine or the timer restarts the process by its restart policy.
    """


# proxy


@hookspec
def proxy_config(host: Host, app: AppName) -> Iterable[ProxyFact]:  # type: ignore[empty-body]
    """Facts to add to the app's route: headers, files, redirects, passwords, limits (`dokkupy_sdk.proxy_facts`)."""


@hookspec(firstresult=True)
def resolve_certificate(host: Host, app: AppName, domain: Domain | None) -> Certificate | None:
    """The certificate that the proxy serves for one of the app's domains. domain: None for an app without domains.

    Called for each domain whenever a route is computed: answer from the state, without reading the certificate's files.
    """


@hookspec(firstresult=True)
def resolve_unavailable(host: Host, app: AppName) -> str | None:
    """Why a deployed app does not answer: `crashed`, which its error page shows. None if it answers, as far as you know.
    Called when its route changes: answer from the state, without a request to the app."""
