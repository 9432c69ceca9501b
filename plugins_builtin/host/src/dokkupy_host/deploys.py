"""`deploys`: who deployed what when, how long it took, and how it ended."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, lines_or
from dokkupy_sdk.names import AppName, Count
from dokkupy_sdk.styles import BAD, FAINT, GOOD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

MOST = 100_000
"""Events that are read, newest first."""

KINDS = {
    "restart": "Restart",
    "config": "Set config",
    "rollback": "Rollback",
    "crash": "Rollback after a crash",
    "ps:rebuild": "Rebuild",
}
"""Where the source of a release does not say what happened."""

STYLES = {"live": GOOD, "failed": BAD, "skipped": FAINT}
OUTCOMES = {"succeeded": "live"}

group = Group("deploys", "Show who deployed what when, with rollbacks and failures", bare="")


@group.command("", permission="app:read")
def deploys(
    host: Host,
    app: Annotated[AppName | None, Arg("app", "Only deploys of this app")] = None,
    *,
    num: Annotated[Count, Opt("--num", "-n", help="Number of entries")] = 20,
) -> CommandResult:
    """Show the latest deploys, restarts and rollbacks, newest first: when, what, by whom, how long, requests lost.

    deploys
    deploys blog -n 50
    """
    from dokkupy_apps.releases.serving import release_summaries
    from dokkupy_sdk.access import visible_apps
    from dokkupy_sdk.events import latest, seen

    apps = {str(one) for one in ([host.store.require_app(app)] if app else visible_apps(host))}
    found = [row for row in timeline(seen(host, latest(host, MOST, app))) if row["app"] in apps][:num]
    known = {
        (name, number): one.description
        for name in {row["app"] for row in found}
        for number, one in release_summaries(host, AppName(name))
    }
    rows = [{**row, "what": what(row, known.get((row["app"], row["release"]), ""))} for row in found]
    lines = lines_of(rows, one_app=app is not None)
    none = f"{app} has no deploy on record" if app else "No deploy is on record"
    return CommandResult(rows, lines_or(lines[1:], none), columns=lines[:1])


def timeline(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The deploys among events, newest first. Pure. requests, lost: from the switch until the old instances had gone; null
    if they were not counted."""
    rows: list[dict[str, Any]] = []
    for event in events:
        match event.get("event"):
            case "deploy_finished":
                rows.append(deploy_of(event, str(event.get("kind", "")), str(event.get("outcome", ""))))
            case "rolled_back_after_crash":
                rows.append(deploy_of({**event, "release": event.get("to")}, "crash", "succeeded"))
            case "old_instances_retired":
                row = next((one for one in reversed(rows) if is_counted_for(one, event)), None)
                if row is not None:
                    row["requests"], row["lost"] = number(event.get("requests")), number(event.get("lost"))
    return rows[::-1]


def deploy_of(event: Mapping[str, Any], kind: str, outcome: str) -> dict[str, Any]:
    return {
        "at": str(event.get("time", "")),
        "app": str(event.get("app", "")),
        "release": number(event.get("release")),
        "kind": kind,
        "by": str(event.get("by", "")),
        "seconds": seconds(event.get("seconds")),
        "outcome": outcome,
        "reason": str(event.get("reason", "")),
        "requests": None,
        "lost": None,
    }


def is_counted_for(row: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    return row["app"] == event.get("app") and row["outcome"] == "succeeded" and row["lost"] is None


def number(text: object) -> int | None:
    return int(text) if isinstance(text, str) and text.isdecimal() else None


def seconds(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None


def what(row: Mapping[str, Any], description: str) -> str:
    """What happened, in the release's own words if it made one."""
    from dokkupy_sdk.lines import one_line

    if row["outcome"] == "failed" and row["reason"]:
        return one_line(row["reason"], 60)
    if row["kind"] == "restart" or row["outcome"] == "failed":
        return KINDS.get(row["kind"], "Deploy")
    return description or KINDS.get(row["kind"], "Deploy")


def lines_of(
    rows: Sequence[Mapping[str, Any]],
    *,
    one_app: bool = False,
    now: float | None = None,
    terminal: bool | None = None,
    width: int = 0,
) -> list[str]:
    """Pure, if the time and the terminal are given."""
    import time

    from dokkupy_sdk.lines import duration, one_line, when
    from dokkupy_sdk.table import Column, table

    at = time.time() if now is None else now
    columns = [
        Column("WHEN"),
        Column("APP"),
        Column("RELEASE"),
        Column("RESULT"),
        Column("TOOK", right=True, optional=2),
        Column("LOST", right=True, optional=3),
        Column("BY", optional=1),
        Column("WHAT"),
    ]
    cells = [
        [
            when(row["at"], at, terminal),
            row["app"],
            f"v{row['release']}" if row["release"] else "-",
            OUTCOMES.get(row["outcome"], row["outcome"]),
            duration(row["seconds"]) if row["seconds"] is not None else "",
            f"{row['lost']}/{row['requests']}" if row["lost"] is not None else "",
            one_line(row["by"].removeprefix("key:"), 16),
            one_line(row["what"], 60),
        ]
        for row in rows
    ]
    if one_app:
        del columns[1]
        for cell in cells:
            del cell[1]
    return table(columns, cells, styles=STYLES, terminal=terminal, width=width)
