"""The status of drains, for `logs:drains` and `doctor`."""

from __future__ import annotations

import time

from dokkupy_sdk import Host, locks
from dokkupy_sdk.model import Finding
from dokkupy_sdk.names import AppName
from dokkupy_sdk.styles import GOOD
from dokkupy_sdk.table import Column

from dokkupy_logs.drain import state as states
from dokkupy_logs.drain.dsn import parse_dsn
from dokkupy_logs.drain.run import LOCK
from dokkupy_logs.drain.wanted import drains_of, is_sending, wanted_drains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

DRAINS = (
    Column("APP"),
    Column("SINK"),
    Column("TARGET", wraps=True),
    Column("SENT", right=True, optional=1),
    Column("DROPPED", right=True),
    Column("STATE", wraps=True),
)
STYLES = {"ok": GOOD}
RECENT = 3600
"""Seconds for which the doctor reports dropped lines."""


def rows_of(host: Host, app: AppName) -> list[dict[str, Any]]:
    """The drains of an app, without their secrets."""
    rows = []
    for one in drains_of(host, app):
        dsn, state = parse_dsn(one.text), states.load(host, app, one.name)
        if state.sink != states.digest_of(one.text):
            state = states.State()
        rows.append(
            {
                "app": str(app),
                "sink": dsn.kind,
                "target": dsn.target,
                "cron": one.kinds == ("cron",),
                "sent": state.sent,
                "dropped": state.dropped,
                "dropped_at": int(state.dropped_at),
                "error": state.error if dsn.is_served else "only Vector supports this type of sink",
            }
        )
    return rows


def drain_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    state = f"fails: {row['error']}" if row["error"] else "ok"
    return row["app"], row["sink"], row["target"], str(row["sent"]), str(row["dropped"]), state


def findings(host: Host) -> list[Finding]:
    if not is_sending(host) and any(drains_of(host, app) for app in host.store.apps()):
        message = "lines of apps are not sent to their sinks, because logs:vector-stop stopped it"
        return [Finding("log drains", "warning", message, "To continue where it stopped: dokkupy logs:vector-start")]
    if not wanted_drains(host):
        return []
    found = []
    if not locks.holder(host.root, LOCK):
        found.append(
            Finding(
                "log drains",
                "warning",
                "the process that sends lines to the sinks is not running",
                "dokkupy tick starts it.",
            )
        )
    for row in (row for app in host.store.apps() for row in rows_of(host, app)):
        about = f"the {row['sink']} sink {row['target']} of {row['app']}"
        if row["dropped"] and time.time() - row["dropped_at"] < RECENT:
            message = f"{about} lost lines: {row['dropped']} were dropped since it was set"
        elif row["error"]:
            message = f"{about} does not accept lines: {row['error']}"
        else:
            continue
        found.append(
            Finding("log drains", "warning", message, "dokkupy logs:drains shows each sink and its last error.")
        )
    return found or [Finding("log drains", "ok", "lines are sent to all sinks")]
