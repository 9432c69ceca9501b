"""`releases:*`: what was deployed, how releases differ, and rollbacks."""

from __future__ import annotations

import time

from dokkupy_apps.desired.properties import RELEASES
from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, lines_or
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, ReleaseNumber
from dokkupy_sdk.table import Column, table

COMMITS = 20
"""The largest number of commits that `releases:diff` lists."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

group = Group("releases", "Show releases and roll back to one", bare="list")

App = Annotated[AppName, Arg("app")]

COLUMNS = (
    Column("  RELEASE"),
    Column("MADE AT", optional=2),
    Column("BY", optional=1),
    Column("SOURCE", optional=3),
    Column("WHAT"),
)


@group.command("list", permission="app:read")
def list_releases(host: Host, app: App) -> CommandResult:
    """List the kept releases, newest first."""
    from dokkupy_apps.releases.serving import release_summaries
    from dokkupy_sdk.state import ServingFile

    host.store.require_app(app)
    serving, found = host.store.find(ServingFile, app), release_summaries(host, app)
    rows = [
        {
            "number": number,
            "created_at": one.created_at,
            "by": one.by,
            "source": one.source,
            "revision": one.revision,
            "description": one.description,
            "image": one.image,
            "serving": serving is not None and number == serving.release,
        }
        for number, one in found
    ]
    lines = lines_of(rows)
    none = f"       {app} has no release yet: its first successful deploy makes one"
    return CommandResult(rows, lines_or(lines[1:], none), header=f"{app} releases", columns=lines[:1])


def lines_of(
    rows: Sequence[Mapping[str, Any]], *, now: float | None = None, terminal: bool | None = None, width: int = 0
) -> list[str]:
    """Pure, if the time and the terminal are given. Only a deploy has a source: a `config:set` makes a release of the same
    code."""
    from dokkupy_sdk.lines import one_line, when

    from dokkupy_commands.names import source_words

    at = time.time() if now is None else now
    cells = [
        (
            f"{'*' if row['serving'] else ' '} v{row['number']}",
            when(row["created_at"], at, terminal),
            row["by"].removeprefix("key:"),
            source_words(row["source"]) if row["description"].startswith("Deploy") else "",
            one_line(row["description"], 60),
        )
        for row in rows
    ]
    return table(COLUMNS, cells, terminal=terminal, width=width)


@group.command("info", permission="app:read")
def info(host: Host, app: App, release: Annotated[ReleaseNumber | None, Arg("release")] = None) -> CommandResult:
    """Show one release (by default the serving one); values of the environment are left out."""
    from dokkupy_apps.releases.records import current, read_release
    from dokkupy_sdk.errors import NotFound
    from dokkupy_sdk.records import encode

    host.store.require_app(app)
    found, _ = current(host, app)
    if release:
        found = read_release(host, app, release.number)
    if found is None:
        raise NotFound(f"App {app} has no release", hint="Deploy it first: git push")
    from dokkupy_sdk.table import fields

    from dokkupy_commands.use_cases.release_words import about

    data = encode(found)
    for name in ("env", "config", "files"):
        data[name] = sorted(data[name])
    return CommandResult(data, fields(about(found)), header=f"{app} release v{found.number}")


@group.command("diff", permission="app:read")
def diff(
    host: Host,
    app: App,
    one: Annotated[ReleaseNumber | None, Arg("from", "By default the release before the other one")] = None,
    other: Annotated[ReleaseNumber | None, Arg("to", "By default the serving release")] = None,
) -> CommandResult:
    """Show what differs between two releases: commits, variables (without values), formation and settings.

    releases:diff blog
    releases:diff blog v3 v5
    """
    from dokkupy_apps.releases.records import current, numbers, read_release
    from dokkupy_sdk.errors import NotFound
    from dokkupy_sdk.history import commits
    from dokkupy_sdk.table import fields

    from dokkupy_commands.use_cases.release_diff import differences
    from dokkupy_commands.use_cases.release_words import compared

    host.store.require_app(app)
    serving, _ = current(host, app)
    after = read_release(host, app, other.number) if other else serving
    if after is None:
        raise NotFound(f"App {app} has no release", hint="Deploy it first: git push")
    earlier = [number for number in numbers(host, app) if number < after.number]
    if one is None and not earlier:
        raise NotFound(
            f"App {app} has no release before v{after.number}",
            hint=f"List the releases that are kept: releases:list {app}",
        )
    before = read_release(host, app, one.number if one else max(earlier))
    code = (
        commits(host, app, after.revision, before.revision, limit=COMMITS) if before.revision != after.revision else ()
    )
    rows = differences(before, after)
    data = {
        "from": before.number,
        "to": after.number,
        "commits": [{"id": row.id, "author": row.author, "subject": row.subject} for row in code],
        "changes": [{"what": what, "from": old, "to": new} for what, old, new in rows],
    }
    lines = fields(compared(before, after, code, rows)) or ["       Nothing differs"]
    return CommandResult(data, lines, header=f"{app} v{before.number} -> v{after.number}")


@group.command("rollback", permission="app:write", mutating=True)
def roll_back(
    host: Host,
    app: App,
    release: Annotated[ReleaseNumber | None, Arg("release")] = None,
    *,
    keep_config: Annotated[bool, Opt("--keep-config", help="Keep the app's current variables")] = False,
) -> CommandResult:
    """Deploy an older release again, with its code and configuration, without a build.

    releases:rollback blog
    releases:rollback blog v11
    """
    from dokkupy_apps.processes.rollback import rollback

    deployment = rollback(host, app, release.number if release else None, keep_config=keep_config)
    return CommandResult(
        {"app": app, "number": deployment.release.number, "description": deployment.release.description}
    )


@group.command("prune", permission="app:write", mutating=True)
def prune(
    host: Host,
    app: App,
    *,
    keep: Annotated[int, Opt("--keep", help="Number of releases to keep; if not given, the property retention")] = 0,
) -> CommandResult:
    """Delete the records and images of old releases. The serving release always stays."""
    from dokkupy_apps.releases.records import prune_releases
    from dokkupy_sdk.operation import operation

    host.store.require_app(app)
    if keep < 0:
        raise UserError("--keep takes a number of 1 or more")
    with operation(host, "releases:prune", f"app:{app}") as tx:
        tx.commit()
        gone = prune_releases(host, app, keep or int(RELEASES.get(host.store, app, "retention")))
    lines = [f"-----> Removed v{number}" for number in gone] or [
        f"-----> Nothing to remove: all releases of {app} are kept"
    ]
    return CommandResult({"app": app, "pruned": gone}, lines)


add_property_commands(group, RELEASES)
