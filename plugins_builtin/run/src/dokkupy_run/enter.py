"""`enter`: a shell or command inside a running instance."""

from __future__ import annotations

import sys

from dokkupy_sdk.cli import Annotated, Arg, Group, Host, Opt, Rest
from dokkupy_sdk.names import AppName

from dokkupy_run.names import ContainerId

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

group = Group("enter", "Connect to an instance of an app", bare="")


@group.command("", permission="app:write", formats=False, secret_args=2)
def enter(
    host: Host,
    app: Annotated[AppName, Arg("app")],
    process: Annotated[str, Arg("process-type")] = "",
    command: Annotated[list[str], Rest("command")] = [],  # noqa: B006 - never changed
    *,
    container_id: Annotated[
        ContainerId | None, Opt("--container-id", help="The container to enter, of this app, by its id")
    ] = None,
) -> int:
    """Run a command (by default a shell) in a running instance: `web`, or `web.2`. An app with one process type needs none.

    enter blog web
    """
    tty = sys.stdin.isatty() and sys.stdout.isatty()
    return enter_instance(host, app, process, command, container_id=container_id or "", tty=tty)


def enter_instance(
    host: Host, app: AppName, process: str, command: Sequence[str], *, container_id: str, tty: bool
) -> int:
    """Run a command in an instance, chosen by its process type, its dyno or its container; returns its exit status."""
    from dokkupy_apps.releases.records import current, require_deployed
    from dokkupy_sdk.errors import NotFound, UserError
    from dokkupy_sdk.inside import SHELL, run_inside
    from dokkupy_sdk.names import ProcessType

    release = require_deployed(host, app)
    _, instances = current(host, app)
    types = list(dict.fromkeys(str(one.process) for one in instances))
    available = f"Available types for app ({app}): {' '.join(types)}"
    if not process and not container_id and len(types) > 1:
        raise UserError("No container type specified.", hint=available)
    name, _, index = (process or "".join(types[:1]) or "web").partition(".")
    found = [
        one
        for one in instances
        if (one.id.startswith(container_id) if container_id else one.process == ProcessType(name))
        and (container_id or not index or str(one.index) == index)
    ]
    if not found and container_id:
        running = " ".join(one.id[:12] for one in instances)
        raise NotFound("Invalid container id for app", hint=f"Available ids for app ({app}): {running}")
    if not found:
        raise NotFound(f"No containers found for type '{process or name}'", hint=available)
    has_shell = not command or host.images().has_file(release.image, SHELL)

    def attach(words: Sequence[str], tty: bool) -> list[str]:
        return host.instances(app).attach_argv(found[0], words, tty=tty)

    return run_inside(attach, tuple(command) or (SHELL,), tty=tty, has_shell=has_shell)
