"""Processes that should run and do not, for `doctor` and `status`."""

from __future__ import annotations

import time

from dokkupy_apps.desired.status import should_run
from dokkupy_apps.releases.records import instances_of
from dokkupy_sdk import Host
from dokkupy_sdk.errors import StateError
from dokkupy_sdk.locks import holder
from dokkupy_sdk.model import Finding
from dokkupy_sdk.names import AppName
from dokkupy_sdk.state import ServingFile
from dokkupy_sdk.text import counted

from dokkupy_host.supervise.watched import SLACK, describe, is_well, read_watched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dokkupy_sdk.roles import Instances


def findings(host: Host) -> list[Finding]:
    """Processes that should run but do not, and those that crash repeatedly."""
    steady: dict[Instances, frozenset[str]] = {}
    found: list[Finding] = []
    count = 0
    for app in host.store.apps():
        try:
            found += findings_of(host, app, steady)
            count += 1
        except StateError:
            continue  # the check of the state reports it
    return found or [Finding("apps", "ok", f"{counted(count, 'app')}: all processes that should run are running")]


def findings_of(host: Host, app: AppName, steady: dict[Instances, frozenset[str]]) -> Iterator[Finding]:
    """steady: scheduler -> the instances of all apps that run without a break, which it is asked for once."""
    serving = host.store.find(ServingFile, app)
    if serving is None or not should_run(host, app):
        return
    watched, running = read_watched(host, app), host.instances(app)
    if running not in steady:
        steady[running] = running.steady(SLACK)
    odd = [
        one
        for one in instances_of(app, serving.instances)
        if one.id not in steady[running] or not is_well(watched.get(one.id))
    ]
    if not odd or holder(host.root, f"app:{app}"):
        return
    for status in running.status(odd):
        words = describe(status.state, watched.get(status.instance.id), time.time())
        if words != "running":
            runs = status.state == "running"
            what = "crashed and was restarted" if runs else "should run and is"
            yield Finding(
                "apps",
                "warning" if runs else "error",
                f"{app}: {status.instance.dyno} {what}: {words}",
                f"dokkupy why {app}; dokkupy logs {app}; dokkupy ps:restart {app}",
            )
