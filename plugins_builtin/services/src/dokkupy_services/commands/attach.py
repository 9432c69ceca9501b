"""Commands that run a program in a service's container: a shell, the server's client."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

from dokkupy_sdk.cli import Group, Host, Rest
from dokkupy_sdk.errors import Conflict

from dokkupy_services.commands.parameters import Name, found
from dokkupy_services.names import ServiceName


def add_enter(group: Group, kind: str) -> None:
    @group.command("enter", permission="host:write", formats=False)
    def enter(host: Host, service: Name, command: Annotated[list[str], Rest("command")] = []) -> int:  # noqa: B006
        """Run a command, by default a shell, in a service's container."""
        return attach(
            host, kind, service, tuple(command) or ("/bin/sh", "-c", "command -v bash >/dev/null && exec bash; exec sh")
        )


def add_connect(group: Group, kind: str) -> None:
    @group.command("connect", permission="service:connect", formats=False)
    def connect(host: Host, service: Name, command: Annotated[list[str], Rest("argument")] = []) -> int:  # noqa: B006
        """Open the server's own client."""
        from dokkupy_services import records

        return attach(host, kind, service, (*found(host, kind).connect(records.read(host, kind, service)), *command))


def attach(host: Host, kind: str, service: ServiceName, argv: tuple[str, ...]) -> int:
    """Run a program of the service's container on our own terminal or pipes; returns its status. It ends with its caller."""
    from dokkupy_sdk.inside import run_inside

    from dokkupy_services import lifecycle, records

    one = records.read(host, kind, service)
    if not lifecycle.is_up(host, one):
        raise Conflict(f"{one.subject} does not run", hint=f"First: {kind}:start {service}", code="not_running")
    tty = sys.stdin.isatty() and sys.stdout.isatty()
    sys.stdout.flush()

    def client(words: Sequence[str], tty: bool) -> list[str]:
        return host.sessions().attach_argv(one.container, words, tty=tty)

    return run_inside(client, argv, tty=tty, has_shell=True)
