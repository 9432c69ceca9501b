"""`enter`: a shell or command inside a running instance."""

from __future__ import annotations

import sys
from typing import Annotated

from dokkupy_sdk.cli import Arg, Group, Host, Opt, Rest
from dokkupy_sdk.names import AppName

group = Group("enter", "Connect to an instance of an app", bare="")


@group.command("", permission="app:write", formats=False, secret_args=2)
def enter(
    host: Host,
    app: Annotated[AppName, Arg("app")],
    process: Annotated[str, Arg("process-type")] = "web",
    command: Annotated[list[str], Rest("command")] = [],  # noqa: B006 - never changed
    *,
    container_id: Annotated[str, Opt("--container-id")] = "",
) -> int:
    """Run a command (by default a shell) in a running instance: `web`, or `web.2`."""
    from dokkupy_sdk.runs import enter_instance

    tty = sys.stdin.isatty() and sys.stdout.isatty()
    return enter_instance(host, app, process, command, container_id=container_id, tty=tty)
