"""`ps` without a command: all apps on one screen."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.state import ServingFile
from dokkupy_sdk.table import Column, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COLUMNS = (
    Column("APP"),
    Column("STATE"),
    Column("RELEASE"),
    Column("AGE", optional=3),
    Column("PROCESSES", optional=1),
    Column("RESTARTS", right=True, optional=4),
    Column("URL", optional=2),
)
STYLES = {
    "● running": "green",
    "● partly": "yellow",
    "● down": "red",
    "● broken": "red",
    "○ stopped": "dim",
    "○ new": "dim",
}
MARKS = {"running": "●", "partly": "●", "down": "●", "broken": "●", "stopped": "○", "new": "○"}
UNITS = (("y", 31_536_000), ("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60))


def glance_at(host: Host, app: AppName) -> dict[str, Any]:
    """state: new (never deployed), running, partly (some instances are down), down, stopped, or broken (a file of its state
    cannot be read). processes: type -> running and wanted instances. restarts: of its crashed instances, together."""
    try:
        return look(host, app)
    except DokkupyError as error:
        host.out.warn(f"{app}: {error.message}")
        return nothing_of(app, "broken")


def nothing_of(app: AppName, state: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"release": None, "released_at": None, "processes": {}, "restarts": 0, "url": None}
    return {"app": str(app), "state": state, **empty}


def look(host: Host, app: AppName) -> dict[str, Any]:
    from dokkupy_apps.desired.status import should_run
    from dokkupy_apps.processes.states import states
    from dokkupy_apps.releases.serving import serving_summary
    from dokkupy_apps.routing.routes import urls
    from dokkupy_host.supervise.watched import read_watched

    serving = host.store.find(ServingFile, app)
    if serving is None:
        return nothing_of(app, "new")
    found = states(host, app, serving.instances)
    wanted = Counter(str(row.process) for row in serving.instances)
    up = Counter(str(row.process) for row in serving.instances if found[row.id] == "running")
    summary, watched = serving_summary(host, app), read_watched(host, app)
    if not should_run(host, app):
        state = "stopped"
    else:
        state = "running" if up == wanted else "partly" if up else "down"
    return {
        "app": str(app),
        "state": state,
        "release": serving.release,
        "released_at": summary.created_at if summary is not None else None,
        "processes": {name: {"running": up[name], "wanted": wanted[name]} for name in sorted(wanted)},
        "restarts": sum(one.total for id, one in watched.items() if id in found),
        "url": next(iter(urls(host, app)), None),
    }


def lines_of(rows: list[dict[str, Any]]) -> list[str]:
    now = time.time()
    cells = [
        (
            row["app"],
            f"{MARKS[row['state']]} {row['state']}",
            f"v{row['release']}" if row["release"] else "",
            age(row["released_at"], now),
            " ".join(f"{name} {one['running']}/{one['wanted']}" for name, one in row["processes"].items()),
            str(row["restarts"]) if row["release"] else "",
            row["url"] or "",
        )
        for row in rows
    ]
    return table(COLUMNS, cells, styles=STYLES)


def age(at: str | None, now: float) -> str:
    """How long ago a time in ISO 8601 was, in its largest unit: `3 d`."""
    if not at:
        return ""
    seconds = max(0, int(now - datetime.fromisoformat(at).timestamp()))
    for unit, size in UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
