"""`proxy:*` (reference, section 1.21)."""

from __future__ import annotations

from dokkupy_apps.desired.properties import PROXY
from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, AppOrAll, CommandResult, Group, Host, Opt, Scope, each
from dokkupy_sdk.names import AppName

group = Group("proxy", "Manage the proxy of apps")

Parallel = Annotated[
    int, Opt("--parallel", help="With --all: number of apps to process at once; -1: one for each processor")
]


def toggle(host: Host, scope: Scope, disabled: bool, parallel: int) -> CommandResult:
    from dokkupy_apps.routing.traffic import rerouting

    from dokkupy_commands.use_cases.parallel import at_once

    def switch(app: AppName) -> None:
        with rerouting(host, f"proxy:{'disable' if disabled else 'enable'}", app, takes_away=disabled) as tx:
            PROXY.set(tx, app, "disabled", "true" if disabled else "")
        host.out.section(f"{'Disabling' if disabled else 'Enabling'} proxy for app ({app})")

    return each(host, scope, switch, over=at_once(host, parallel))


@group.command("enable", permission="app:write", mutating=True)
def enable(host: Host, scope: AppOrAll, *, parallel: Parallel = 1) -> CommandResult:
    """Serve an app through the proxy."""
    return toggle(host, scope, False, parallel)


@group.command("disable", permission="app:write", mutating=True)
def disable(host: Host, scope: AppOrAll, *, parallel: Parallel = 1) -> CommandResult:
    """Remove an app from the proxy."""
    return toggle(host, scope, True, parallel)


@group.command("build-config", permission="app:write", mutating=True)
def build_config(host: Host, scope: AppOrAll, *, parallel: Parallel = 1) -> CommandResult:
    """Write an app's proxy configuration again."""
    from dokkupy_apps.routing.traffic import rerouting

    from dokkupy_commands.use_cases.parallel import at_once

    def build(app: AppName) -> None:
        with rerouting(host, "proxy:build-config", app):
            pass

    return each(host, scope, build, over=at_once(host, parallel))


@group.command("clear-config", permission="app:write", mutating=True)
def clear_config(host: Host, scope: AppOrAll) -> CommandResult:
    """Remove an app's proxy configuration until it is built again."""

    def clear(app: AppName) -> None:
        for proxy in host.adapters("proxy"):
            host.act(f"take {app} out of the proxy", lambda: proxy.apply([], remove=[app]))  # noqa: B023

    return each(host, scope, clear)


def extra(host: Host, app: AppName | None) -> dict[str, str]:
    if app is None:
        return {}
    from dokkupy_apps.routing.routes import proxy_enabled

    return {"enabled": "true" if proxy_enabled(host, app) else "false"}


def judge(host: Host, app: AppName | None, name: str, text: str) -> None:
    """Raise for a port of the host that the caller may not use."""
    from dokkupy_apps.desired.host_ports import require_host_ports
    from dokkupy_sdk.model import Port

    schemes = {"proxy-port": "http", "proxy-ssl-port": "https"}
    if name in schemes:
        require_host_ports(host, app, [Port(schemes[name], int(text), int(text))])


add_property_commands(group, PROXY, extra=extra, judge=judge, beyond=("deployer-ports",))
