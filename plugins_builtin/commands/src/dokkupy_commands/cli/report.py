"""`report`: the host and every plugin's report of an app."""

from __future__ import annotations

import os

from dokkupy_sdk.cli import AppOrAll, CommandResult, Group, Host, Scope, parameters
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.names import AppName

group = Group("report", "Show all reports about the host or an app", bare="")


@group.command("", permission="app:read")
def report(host: Host, scope: AppOrAll = Scope()) -> CommandResult:  # noqa: B008 - never changed
    """Print facts about the host and, with an app or --all, every plugin's report of it."""
    from dokkupy_sdk.access import visible_apps

    system = os.uname()
    plugins = sorted({f"{entry.plugin} {entry.version}" for entry in host.registry.entries})
    lines = [f"-----> uname: {system.sysname} {system.release} {system.machine}", "-----> plugins:"]
    lines += [f"       {name}" for name in plugins]
    data: dict[str, object] = {"uname": list(system), "plugins": plugins}
    apps = visible_apps(host) if scope.is_all else [host.store.require_app(scope.app)] if scope.app else []
    for app in apps:
        found = reports_of(host, app)
        lines += [line for answer in found.values() for line in answer.text]
        rows = {namespace: answer.data for namespace, answer in found.items()}
        data.update({app: rows} if scope.is_all else rows)
    return CommandResult(data, lines)


def reports_of(host: Host, app: AppName, *, but: str = "") -> dict[str, CommandResult]:
    """Namespace -> its report of an app, for all namespaces with such a report that the caller may see. but: a
    namespace to leave out."""
    from dokkupy_sdk.access import allowed

    found: dict[str, CommandResult] = {}
    for namespace, entry in host.registry.group("dokkupy.commands").items():
        if namespace == but:
            continue
        try:
            group: Group = host.registry.load(entry)
            command = group.commands.get("report")
            if command is None or parameters(command.function)[0].kind != "scope":
                continue
            if allowed(host, command.permission, app):
                found[namespace] = command.function(host, Scope(app))
        except (DokkupyError, ImportError) as error:  # a plugin that this one requires is missing
            host.out.warn(f"{namespace}: {error}")
    return found
