"""`report`: the host and every plugin's report of an app."""

from __future__ import annotations

import os
from typing import Annotated

from dokkupy.cli.declare import Answer, Arg, Group, Scope
from dokkupy.errors import DokkupyError
from dokkupy.kernel.host import Host
from dokkupy.model.names import AppName

group = Group("report", "Show everything about the host or an app", bare="")


@group.command("", needs="app:read")
def report(host: Host, app: Annotated[str, Arg("app")] = "") -> Answer:
    """Print the host's facts and, with an app, every plugin's report of it."""
    system = os.uname()
    plugins = sorted({f"{entry.plugin} {entry.version}" for entry in host.registry.entries})
    lines = [f"-----> uname: {system.sysname} {system.release} {system.machine}", "-----> plugins:"]
    lines += [f"       {name}" for name in plugins]
    data: dict[str, object] = {"uname": list(system), "plugins": plugins}
    if app:
        name = host.store.need_app(AppName(app))
        for namespace, entry in host.registry.group("dokkupy.commands").items():
            try:
                group: Group = host.registry.load(entry)
                command = group.commands.get("report")
                if command is None or namespace == "report":
                    continue
                answer: Answer = command.function(host, Scope(name))
                data[namespace] = answer.data
                lines += list(answer.text)
            except DokkupyError as error:
                host.out.warn(f"{namespace}: {error.message}")
    return Answer(data, lines)
