"""`builds:*`: records and logs of builds (reference, section 1.5)."""

from __future__ import annotations

import time

from dokkupy_apps.desired.properties import BUILDS
from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, AppOrAll, Arg, CommandResult, Group, Host, Opt, Scope, apps_of
from dokkupy_sdk.lines import when
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import one_of
from dokkupy_sdk.styles import BAD, GOOD, WARNING
from dokkupy_sdk.table import Column, listing, report

from dokkupy_commands.names import BuildId, source_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

group = Group("builds", "Show and cancel builds")

LISTED_KINDS = ("build", "deploy")
STATUSES = ("running", "succeeded", "failed", "canceled", "abandoned")

App = Annotated[AppName, Arg("app")]
SHOWN = ("id", "app", "kind", "status", "pid", "source", "started_at", "finished_at", "exit_code")


@group.command("list", permission="app:read")
def list_builds(
    host: Host,
    app: Annotated[AppName | None, Arg("app")] = None,
    *,
    kind: Annotated[str, Opt("--kind", help="Only builds of this kind", complete=LISTED_KINDS)] = "",
    status: Annotated[str, Opt("--status", help="Only builds with this status", complete=STATUSES)] = "",
) -> CommandResult:
    """List the builds of an app, or the running ones of all."""
    from dokkupy_apps.builds.records import builds_of
    from dokkupy_sdk.access import visible_apps
    from dokkupy_sdk.many import over_each, warn_of

    one_of(*LISTED_KINDS)(kind or LISTED_KINDS[0])
    one_of(*STATUSES)(status or STATUSES[0])
    failed: list[tuple[AppName, Exception]] = []
    if app:
        found = builds_of(host, host.store.require_app(app))
    else:
        of_apps, failed = over_each(visible_apps(host), lambda name: builds_of(host, name))
        found = [facts for _, of_app in of_apps for facts in of_app]
        warn_of(host, failed)
        status = status or "running"
    rows = [
        {name: facts[name] for name in SHOWN}
        for facts in found
        if (not kind or facts["kind"] == kind) and (not status or facts["status"] == status)
    ]
    now = time.time()
    return listing(
        rows,
        TABLE,
        [build_cells(row, now) for row in rows],
        styles=STYLES,
        empty=none_of(app, is_filtered=bool(kind or status)),
        status=1 if failed else 0,
    )


def none_of(app: AppName | None, *, is_filtered: bool) -> str:
    if app is None:
        return "No build is running; of one app: builds:list APP"
    return f"No build of {app} is like that: builds:list {app}" if is_filtered else f"{app} has not been built yet"


TABLE = (
    Column("ID"),
    Column("APP"),
    Column("KIND", optional=2),
    Column("STATUS"),
    Column("SOURCE", optional=1),
    Column("STARTED"),
)
STYLES = {"succeeded": GOOD, "failed": BAD, "running": WARNING}


def build_cells(row: Mapping[str, Any], now: float, terminal: bool | None = None) -> tuple[str, ...]:
    started = when(row["started_at"], now, terminal)
    return row["id"], row["app"], row["kind"], row["status"], source_words(row["source"]), started


@group.command("info", permission="app:read")
def info(host: Host, app: App, build: Annotated[BuildId | None, Arg("build-id")] = None) -> CommandResult:
    """Show one build, by default the latest."""
    from dokkupy_commands.use_cases.build_records import build_of

    facts = build_of(host, host.store.require_app(app), build or "")
    row = {name: facts[name] for name in SHOWN}
    words = {**row, "source": source_words(row["source"])}
    return CommandResult(row, report(((name.replace("_", " ").capitalize(), one) for name, one in words.items()), 20))


@group.command("output", permission="app:read")
def output(host: Host, app: App, build: Annotated[BuildId | None, Arg("build-id")] = None) -> CommandResult | int:
    """Print the output of a build (by default the latest); while it runs, print new lines as they arrive."""
    import sys

    from dokkupy_sdk.cli import harmless

    from dokkupy_commands.use_cases.build_records import build_of, follow, log_of

    identifier = build_of(host, host.store.require_app(app), build or "")["id"]
    if host.out.is_json:
        return CommandResult({"output": log_of(host, app, identifier)})
    for line in follow(host, app, identifier):
        sys.stdout.write(harmless(line) + "\n")
        sys.stdout.flush()
    return 0


@group.command("cancel", permission="app:write", mutating=True)
def cancel(host: Host, app: App) -> CommandResult:
    """Cancel the running build of an app."""
    from dokkupy_commands.use_cases.build_records import cancel_build

    facts = cancel_build(host, host.store.require_app(app))
    if facts is None:
        return CommandResult({"app": app, "id": None}, ["-----> App not currently deploying"])
    return CommandResult({"app": app, "id": facts["id"]}, [f"-----> Canceling build {facts['id']}"])


@group.command("prune", permission="app:write", mutating=True)
def prune(
    host: Host,
    scope: AppOrAll = Scope(),  # noqa: B008 - never changed
    *,
    all_apps: Annotated[bool, Opt("--all-apps", help="Remove the records of all apps; the same as --all")] = False,
) -> CommandResult:
    """Remove the oldest records of builds: those that the property retention does not keep."""
    from dokkupy_apps.builds.records import prune_builds
    from dokkupy_sdk.many import over_each, warn_of

    chosen = Scope(is_all=True) if all_apps and scope.app is None else scope
    pruned, failed = over_each(apps_of(host, chosen), lambda app: prune_builds(host, app))
    gone = [identifier for _, identifiers in pruned for identifier in identifiers]
    warn_of(host, failed)
    lines = [f"-----> Removed {identifier}" for identifier in gone] or ["-----> Nothing to remove: all builds are kept"]
    return CommandResult(gone, lines, status=1 if failed else 0)


def report_extra(host: Host, app: AppName | None) -> dict[str, str]:
    from dokkupy_apps.builds.records import builds_of

    latest = next(iter(builds_of(host, app)), None) if app is not None else None
    names = {name: name.replace("_", "-") for name in SHOWN if name != "app"}
    return {
        f"--build-{shown}": "" if latest is None or latest[name] is None else str(latest[name])
        for name, shown in names.items()
    }


add_property_commands(group, BUILDS, extra=report_extra, beyond=("memory", "parallel"))
