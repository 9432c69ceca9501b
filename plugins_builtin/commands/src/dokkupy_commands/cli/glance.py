"""`ps` without a command: all apps on one screen."""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import datetime

from dokkupy_sdk import Host, lines
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.figures import readings, shown
from dokkupy_sdk.names import AppName
from dokkupy_sdk.state import ServingFile
from dokkupy_sdk.styles import BAD, FAINT, GOOD, WARNING
from dokkupy_sdk.table import Column, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

FIXED = (Column("APP"), Column("STATE"), Column("RELEASE"))
MIDDLE = (Column("AGE", optional=3), Column("BY", optional=7), Column("PROCESSES", optional=1))
LAST = (Column("RESTARTS", right=True, optional=4), Column("URL", optional=99))
FIGURES = 5
"""The rank of the first column of figures. A narrow terminal drops the URL first, because it is long and `url APP` prints it;
then the last figures and BY; CPU and memory only after these."""

STYLES = {
    "● running": GOOD,
    "● partly": WARNING,
    "● down": BAD,
    "● broken": BAD,
    "● failed": BAD,
    "○ stopped": FAINT,
    "○ new": FAINT,
}
MARKS = {"running": "●", "partly": "●", "down": "●", "broken": "●", "failed": "●", "stopped": "○", "new": "○"}
PAUSE = 2.0
"""Seconds between two updates of `--watch`."""


def glance(host: Host, apps: Sequence[AppName]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The rows, and the headings of the figures that plugins offer for these apps."""
    rows = [glance_at(host, app) for app in apps]
    heads, figures = figures_of(host, [AppName(row["app"]) for row in rows if row["release"]])
    for row in rows:
        row.update({name: figures.get(row["app"], {}).get(name) for name in heads})
    return rows, heads


def figures_of(host: Host, apps: Sequence[AppName]) -> tuple[dict[str, str], dict[str, dict[str, float | str]]]:
    from dokkupy_commands import hookspecs

    if not apps:
        return {}, {}
    found, failed = host.hooks.gather_what_can(hookspecs.app_figures, host=host, apps=apps)
    for plugin, error in failed:
        host.out.warn(f"{plugin}: {error.message}")
    gauges = [gauge for _, gauge in found]
    return dict(head for gauge in gauges for head in gauge.heads), readings(gauges)


def glance_at(host: Host, app: AppName) -> dict[str, Any]:
    """What `ps` shows of one app. state: new (never deployed), failed (its deploys so far failed), running,
    partly (some instances are down), down, stopped, or broken (a file of its state cannot be read). by: who made the
    release. processes: type -> running and wanted instances. restarts: those of all crashed instances together."""
    try:
        return look(host, app)
    except DokkupyError as error:
        host.out.warn(f"{app}: {error.message}")
        return nothing_of(app, "broken")


def nothing_of(app: AppName, state: str) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "release": None,
        "released_at": None,
        "by": "",
        "processes": {},
        "restarts": 0,
        "url": None,
    }
    return {"app": str(app), "state": state, **empty}


def has_failed(host: Host, app: AppName) -> bool:
    """Whether the last build or deploy failed."""
    if not os.path.isdir(host.path("builds", app)):
        return False
    from dokkupy_apps.builds.records import builds_of

    return any(one["status"] == "failed" for one in builds_of(host, app)[:1])


def look(host: Host, app: AppName) -> dict[str, Any]:
    from dokkupy_apps.desired.status import should_run
    from dokkupy_apps.processes.states import states
    from dokkupy_apps.releases.serving import summary_of
    from dokkupy_apps.routing.routes import urls
    from dokkupy_host.supervise.watched import read_watched

    serving = host.store.find(ServingFile, app)
    if serving is None:
        return nothing_of(app, "failed" if has_failed(host, app) else "new")
    found = states(host, app, serving.instances)
    wanted = Counter(str(row.process) for row in serving.instances)
    up = Counter(str(row.process) for row in serving.instances if found[row.id] == "running")
    summary, watched = summary_of(host, app, serving), read_watched(host, app)
    if not should_run(host, app):
        state = "stopped"
    else:
        state = "running" if up == wanted else "partly" if up else "down"
    return {
        "app": str(app),
        "state": state,
        "release": serving.release,
        "released_at": summary.created_at if summary is not None else None,
        "by": summary.by if summary is not None else "",
        "processes": {name: {"running": up[name], "wanted": wanted[name]} for name in sorted(wanted)},
        "restarts": sum(one.total for id, one in watched.items() if id in found),
        "url": next(iter(urls(host, app)), None),
    }


def lines_of(
    rows: Sequence[Mapping[str, Any]],
    heads: Mapping[str, str],
    *,
    now: float | None = None,
    terminal: bool | None = None,
    width: int = 0,
) -> list[str]:
    """The lines to print. Pure, if the time and the terminal are given."""
    at = time.time() if now is None else now
    figures = [Column(head, right=True, optional=FIGURES + number) for number, head in enumerate(heads.values())]
    cells = [
        (
            row["app"],
            f"{MARKS[row['state']]} {row['state']}",
            f"v{row['release']}" if row["release"] else "",
            age(row["released_at"], at),
            lines.one_line(row["by"].removeprefix("key:"), 16),
            " ".join(f"{name} {one['running']}/{one['wanted']}" for name, one in row["processes"].items()),
            *(shown(name, row.get(name), at) for name in heads),
            str(row["restarts"]) if row["release"] else "",
            row["url"] or "",
        )
        for row in rows
    ]
    return table((*FIXED, *MIDDLE, *figures, *LAST), cells, styles=STYLES, terminal=terminal, width=width)


def remarks(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What to type about the apps that no deploy has started yet."""
    failed = [row["app"] for row in rows if row["state"] == "failed"]
    names = f"{', '.join(failed[:3])}{' and others' if failed[3:] else ''}"
    return [f"No deploy of {names} has succeeded yet: why {failed[0]}"] if failed else []


def age(at: str | None, now: float) -> str:
    """How long ago a time in ISO 8601 was, in the largest unit: `3 d`."""
    return lines.age(now - datetime.fromisoformat(at).timestamp()) if at else ""


def watch(draw: Callable[[], list[str]]) -> None:
    """Draw the screen again every two seconds, until Ctrl-C or the terminal closes."""
    import sys

    while True:
        shown = draw()
        sys.stdout.write("\x1b[H\x1b[J" + "\n".join(shown) + "\n")
        sys.stdout.flush()
        time.sleep(PAUSE)
