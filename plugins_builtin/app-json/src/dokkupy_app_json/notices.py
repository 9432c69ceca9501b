"""What an app.json says that has no effect on this host, a line for each: pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from dokkupy_sdk.spelling import likely

from dokkupy_app_json.reader import AppJson

DESCRIPTIVE = ("description", "keywords", "logo", "name", "repository", "success_url", "website")
"""Keys of Heroku's manifest that describe the app to a reader: Dokku reads none of them, and nothing follows from them."""

REASONS = {
    r"addons": "create the services and link them, such as `postgres:create NAME` and `postgres:link NAME APP`",
    r"image": "the builder is chosen by `builder:set APP selected NAME`",
    r"stack": "an image for builds is chosen by `buildpacks:set-property APP stack IMAGE`",
    r"environments(\..*)?": "there are no review apps; put the keys at the top level, which every app reads",
    r"formation\.[^.]+\.size": "limits are set by `resource:limit APP --process-type TYPE --memory SIZE`",
    r"scripts\.(pr-predestroy|test|test-setup)": "there are no review apps and no test runs",
}
"""Path of a key that other platforms know -> what to do instead. The rest is unknown."""


def notices(path: str, facts: AppJson, handles: Callable[[str], bool]) -> list[str]:
    """path: of the file, for the lines. handles: whether a plugin acts on a key (`app.json.cron`)."""
    lines = []
    if facts.cron and not handles("app.json.cron"):
        count = len(facts.cron)
        tasks = "1 cron task does not run" if count == 1 else f"{count} cron tasks do not run"
        lines.append(f"{path}: {tasks}: no installed plugin runs cron tasks")
    for name, entry in facts.formation.items():
        where = f"{path}: formation.{name}"
        if entry.autoscaling is not None and not handles("app.json.formation.autoscaling"):
            lines.append(f"{where}.autoscaling has no effect: the scheduler does not scale by itself; give a quantity")
        if entry.exposed and name != "web" and not handles("app.json.formation.service"):
            lines.append(f"{where}.service has no effect: the proxy serves the process type web")
    return lines + [line for key, known in facts.unread for line in unread(path, key, known)]


def unread(path: str, key: str, known: Iterable[str]) -> list[str]:
    if key in DESCRIPTIVE:
        return []
    reason = next((reason for pattern, reason in REASONS.items() if re.fullmatch(pattern, key)), "")
    if reason:
        return [f"{path}: {key} has no effect: {reason}"]
    close = likely(key.rpartition(".")[2], known)
    return [f"{path}: the key {key} is unknown and has no effect" + (f": did you mean {close[0]}?" if close else "")]


def without_process(path: str, facts: AppJson, processes: Iterable[str]) -> list[str]:
    """A line for each process type that the file names and the release does not have."""
    present = set(processes)
    lines = []
    for key, names in (("formation", facts.formation), ("healthchecks", facts.healthchecks)):
        for name in names:
            if name not in present:
                close = likely(name, present)
                hint = f": did you mean {close[0]}?" if close else f"; it has {', '.join(sorted(present))}"
                lines.append(f"{path}: {key}.{name} has no effect: the app has no such process type{hint}")
    return lines
