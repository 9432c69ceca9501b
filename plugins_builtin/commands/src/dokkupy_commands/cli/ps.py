"""`ps:*`: the processes of apps (reference, section 1.22)."""

from __future__ import annotations

from dokkupy_apps.desired.properties import LOCK, PS, starts_at_boot
from dokkupy_apps.releases.serving import is_deployed
from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, AppOrAll, Arg, CommandResult, Group, Host, Opt, Scope, each
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, ProcessType, digits
from dokkupy_sdk.state import ServingFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.operation import Transaction

group = Group("ps", "Manage app processes", bare="list")


def deployed(host: Host, app: AppName) -> bool:
    if is_deployed(host, app):
        return True
    host.out.warn(f"App {app} has not been deployed")
    return False


Watch = Annotated[bool, Opt("--watch", "-w", help="On a terminal: show it again every two seconds, until Ctrl-C")]


@group.command("list", permission="app:read")
def list_apps(
    host: Host, app: Annotated[AppName | None, Arg("app")] = None, *, watch: Watch = False
) -> CommandResult | None:
    """Show apps on one screen: state, release, processes, CPU, memory, requests, URL. `ps` alone does the same.

    ps:list
    ps:list blog --watch
    """
    from dokkupy_sdk.access import no_apps, visible_apps

    from dokkupy_commands.cli import glance

    apps = [host.store.require_app(app)] if app else visible_apps(host)
    if watch:
        import sys

        if not sys.stdout.isatty():
            raise UserError(
                "--watch requires a terminal, and standard output is not one", hint="Over SSH: ssh -t HOST ps --watch"
            )
        glance.watch(lambda: glance.lines_of(*glance.glance(host, apps)))
        return None
    rows, heads = glance.glance(host, apps)
    if not rows:
        host.out.warn(no_apps(host))
    for remark in glance.remarks(rows):
        host.out.warn(remark)
    lines = glance.lines_of(rows, heads)
    return CommandResult(rows, lines[1:], columns=lines[:1])


Parallel = Annotated[
    int, Opt("--parallel", "-p", help="With --all: number of apps to process at once; -1: one for each processor")
]


@group.command("restart", permission="app:write", mutating=True)
def restart(
    host: Host, scope: AppOrAll, process: Annotated[str, Arg("process-type")] = "", *, parallel: Parallel = 1
) -> CommandResult:
    """Restart an app: its instances are replaced with new ones.

    ps:restart blog
    ps:restart blog worker
    """
    from dokkupy_apps.processes.redeploy import redeploy

    from dokkupy_commands.use_cases.parallel import at_once

    if scope.is_all and process:
        raise UserError("Specifying --all with a process type is not supported")
    only = ProcessType(process) if process else None
    return each(
        host,
        scope,
        lambda app: deployed(host, app) and redeploy(host, app, kind="restart", process=only),
        over=at_once(host, parallel),
    )


@group.command("rebuild", permission="app:write", mutating=True)
def rebuild_app(host: Host, scope: AppOrAll, *, parallel: Parallel = 1) -> CommandResult:
    """Build and deploy the app's current code again.

    ps:rebuild blog
    """
    from dokkupy_apps.processes.redeploy import rebuild

    from dokkupy_commands.use_cases.parallel import at_once

    return each(host, scope, lambda app: rebuild(host, app), over=at_once(host, parallel))


@group.command("start", permission="app:write", mutating=True)
def start(host: Host, scope: AppOrAll, *, parallel: Parallel = 1) -> CommandResult:
    """Start the instances of an app that do not run."""
    from dokkupy_apps.processes.start_stop import start_app

    from dokkupy_commands.use_cases.parallel import at_once

    def one(app: AppName) -> None:
        if deployed(host, app):
            host.out.announce(f"Starting {app}")
            start_app(host, app)

    return each(host, scope, one, over=at_once(host, parallel))


@group.command("stop", permission="app:write", mutating=True)
def stop(host: Host, scope: AppOrAll, *, parallel: Parallel = 1) -> CommandResult:
    """Stop an app; it stays stopped at boot.

    ps:stop blog
    """
    from dokkupy_apps.processes.start_stop import stop_app

    from dokkupy_commands.use_cases.parallel import at_once

    def one(app: AppName) -> None:
        if deployed(host, app):
            host.out.announce(f"Stopping {app}")
            stop_app(host, app)

    return each(host, scope, one, over=at_once(host, parallel))


@group.command("restore", permission="host:write", mutating=True)
def restore(host: Host, scope: AppOrAll = Scope(is_all=True), *, parallel: Parallel = 1) -> CommandResult:  # noqa: B008
    """Start everything that should be running, as at boot."""
    from dokkupy_apps.processes.reconcile import reconcile

    from dokkupy_commands.use_cases.parallel import at_once

    if not scope.is_all and scope.app is None:
        scope = Scope(is_all=True)

    def one(app: AppName) -> None:
        for line in reconcile(host, app, watched=True):
            host.out.section(line)

    return each(host, scope, one, over=at_once(host, parallel))


App = Annotated[AppName, Arg("app")]
DEFAULT = "default"
Quantities = Annotated[list[str], Arg("proc=count")]
SkipDeploy = Annotated[bool, Opt("--skip-deploy", help="Store the quantities without starting or stopping instances")]
"""A name for this annotation: `typing` would have to evaluate a longer one, which takes longer than the command."""


@group.command("scale", permission="app:write", mutating=True)
def scale_app(
    host: Host,
    app: App,
    quantities: Quantities = [],  # noqa: B006 - never changed
    *,
    skip_deploy: SkipDeploy = False,
) -> CommandResult:
    """Show or set how many instances of each process type run.

    ps:scale blog
    ps:scale blog web=3 worker=1
    ps:scale blog web=default

    `TYPE=default` forgets what was set: the type follows app.json again; without a quantity there, one web runs.
    """
    host.store.require_app(app)
    if quantities:
        from dokkupy_apps.processes.scale import scale
        from dokkupy_apps.settings.effect import announce_effect

        changes: dict[ProcessType, int | None] = {}
        for word in quantities:
            name, mark, count = word.partition("=")
            number = digits(count)
            if not mark or (count != DEFAULT and (number is None or number > 1000)):
                raise UserError(f"{word[:60]!r} is not PROCESS=COUNT with a count from 0 to 1000, or {DEFAULT}")
            changes.setdefault(ProcessType(name), number)
        said = ", ".join(f"{name}={DEFAULT if count is None else count}" for name, count in changes.items())
        host.out.announce(f"Scaling {app} processes: {said}")
        formation = scale(host, app, changes, skip_deploy=skip_deploy)
        if skip_deploy:
            announce_effect(host, app)
        return CommandResult({str(name): count for name, count in formation.items()})
    from dokkupy_apps.releases.serving import serving_formation

    formation = serving_formation(host, app)
    lines = [f"{name}: {formation[name]}" for name in sorted(formation)]
    columns = [f"-----> Scaling for {app}", "proctype: qty", "--------: ---"]
    return CommandResult({str(name): count for name, count in sorted(formation.items())}, lines, columns=columns)


@group.command("inspect", permission="app:read")
def inspect(host: Host, app: Annotated[AppName, Arg("app")]) -> CommandResult:
    """Print the output of `docker inspect` for an app's instances; values of environment variables are masked."""
    import json

    from dokkupy_apps.releases.records import current

    _, instances = current(host, host.store.require_app(app))
    rows = host.instances(app).inspect(instances) if instances else []
    return CommandResult(rows, json.dumps(rows, indent=4).splitlines())


@group.command("retire", permission="host:write", hidden=True)
def retire(host: Host, scope: AppOrAll = Scope(is_all=True)) -> CommandResult:  # noqa: B008 - never changed
    """Stop instances that were replaced."""
    from dokkupy_apps.rollout.retire import retire_due

    gone = retire_due(host, scope.app)
    return CommandResult([one.name for one in gone], [f"-----> Retired {one.name}" for one in gone])


def report_extra(host: Host, app: AppName | None) -> dict[str, str]:
    if app is None:
        return {}
    serving = host.store.find(ServingFile, app)
    running = "false"
    extra: dict[str, str] = {}
    pending: list[str] = []
    if serving is not None:
        from dokkupy_apps.processes.states import states
        from dokkupy_apps.releases.serving import summary_of
        from dokkupy_apps.releases.state_mark import may_be_pending
        from dokkupy_host.supervise.watched import described

        found = states(host, app, serving.instances)
        up = [state == "running" for state in found.values()]
        running = "true" if up and all(up) else "mixed" if any(up) else "false"
        release = summary_of(host, app, serving)
        if release is not None and may_be_pending(host, app, serving, release):
            from dokkupy_commands.cli.pending import pending_names

            pending = pending_names(host, app)
        words = described(host, app, found)
        for row in serving.instances:
            extra[f"--status-{row.dyno}"] = f"{words[row.id]} (CID: {row.id[:11]})"
    return {
        "--deployed": "true" if serving is not None else "false",
        "--processes": str(len(serving.instances) if serving is not None else 0),
        "--ps-can-scale": "true"
        if serving is None or not serving.fixed or PS.get(host.store, app, "app-json-scale") != LOCK
        else "false",
        "--restore": "true" if starts_at_boot(host, app) else "false",
        "--running": running,
        "--ps-pending": ", ".join(pending),
        **extra,
    }


def warn_of_unread(tx: Transaction, app: AppName | None, name: str) -> None:
    from dokkupy_apps.releases.records import current
    from dokkupy_apps.releases.start_command import unread_note

    release = current(tx.host, app)[0] if app is not None and PS.raw(tx.host.store, app, name) else None
    if release is not None and (note := unread_note(release, name)):
        tx.host.out.warn(note)


add_property_commands(
    group, PS, extra=report_extra, beyond=("rollback-on-crash", "restore", "app-json-scale"), on_set=warn_of_unread
)
