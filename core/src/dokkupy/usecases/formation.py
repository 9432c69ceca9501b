"""The formation: how many instances of each process type should run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dokkupy import hookspecs
from dokkupy.kernel.host import Host
from dokkupy.model.names import AppName, ProcessType
from dokkupy.model.release import Formation

RELEASE = ProcessType("release")
"""The Procfile's release command: a task, never an instance."""

WEB = ProcessType("web")


def stored_scale(host: Host, app: AppName) -> dict[ProcessType, int]:
    table = host.store.read("apps", app, "ps").get("scale", {})
    return {ProcessType(name): int(count) for name, count in table.items()}


def fixed_formation(host: Host, app: AppName, files: Mapping[str, str]) -> dict[ProcessType, int]:
    """What the source itself fixes (app.json); while there is any, `ps:scale` refuses."""
    facts = host.hooks.gather(hookspecs.release_formation, host=host, app=app, files=files)
    return {ProcessType(name): count for _, (name, count) in facts}


def wanted_formation(host: Host, app: AppName, files: Mapping[str, str], processes: Iterable[ProcessType]) -> Formation:
    """Process type -> quantity of every type there is: fixed by the source, else as scaled, else one web."""
    types = [process for process in processes if process != RELEASE]
    fixed = fixed_formation(host, app, files)
    if fixed:
        return {process: fixed.get(process, 0) for process in types}
    scale = stored_scale(host, app)
    return {process: scale.get(process, 1 if process == WEB else 0) for process in types}
