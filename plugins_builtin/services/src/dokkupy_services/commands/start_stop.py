"""Commands that start, stop, pause and restart a service."""

from __future__ import annotations

from dokkupy_sdk.cli import CommandResult, Group, Host

from dokkupy_services.commands.parameters import Name, found
from dokkupy_services.names import ServiceName


def add_start_stop(group: Group, kind: str, title: str) -> None:
    @group.command("start", permission="host:write", mutating=True)
    def start(host: Host, service: Name) -> CommandResult:
        """Start a service. If its container is missing, it is created again."""
        return to_state(host, kind, service, "running", "start", f"{title} container started: {service}")

    @group.command("stop", permission="host:write", mutating=True)
    def stop(host: Host, service: Name) -> CommandResult:
        """Stop a service and remove its container. The data stays."""
        return to_state(host, kind, service, "stopped", "stop", f"{title} container stopped: {service}")

    @group.command("pause", permission="host:write", mutating=True)
    def pause(host: Host, service: Name) -> CommandResult:
        """Stop a service and keep its container."""
        return to_state(host, kind, service, "paused", "pause", f"{title} container paused: {service}")

    @group.command("restart", permission="host:write", mutating=True)
    def restart(host: Host, service: Name) -> CommandResult:
        """Restart a service."""
        from dokkupy_services import records
        from dokkupy_services.lifecycle import service as lifecycle

        one = lifecycle.restart(host, found(host, kind), service)
        host.out.title(f"{title} container restarted: {service}")
        apps = [link.app for link in records.links(host, one)]
        for app in apps:
            host.out.detail(
                f"{app} lost its connections to the service. If it does not reconnect by itself, run: ps:restart {app}"
            )
        return CommandResult({"service": service, "state": "running", "links": apps})


def to_state(host: Host, kind: str, service: ServiceName, state: str, verb: str, message: str) -> CommandResult:
    from dokkupy_services.lifecycle import service as lifecycle

    lifecycle.set_state(host, found(host, kind), service, state, verb)
    host.out.title(message)
    return CommandResult({"service": service, "state": state})
