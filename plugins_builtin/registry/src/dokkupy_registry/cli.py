"""The commands of the namespace `registry`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, Scope
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName

from dokkupy_registry.names import ServerName
from dokkupy_registry.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

group = Group("registry", "Log in to image registries, and push releases to one")

Server = Annotated[
    str,
    Arg(
        "server",
        "A registry such as ghcr.io; docker.io is Docker Hub",
        complete="dokkupy_registry.completers:servers",
    ),
]


NO_SCOPE = "Give an app, or --global for a login that all apps use"


@group.command("login", permission="app:write", mutating=True, secret_args=2)
def login(
    host: Host,
    scope: Scope,
    server: Server,
    username: Annotated[str, Arg("username")],
    password: Annotated[
        str, Arg("password", "Better given on standard input, because other users can see the arguments of a command")
    ] = "",
    *,
    password_stdin: Annotated[bool, Opt("--password-stdin", help="Read the password from standard input")] = False,
) -> CommandResult:
    """Log in to a registry, for the builds and releases of one app or of all.

    registry:login --password-stdin blog registry.example.com ann < token
    """
    from dokkupy_registry.login import given_password, log_in

    if scope.app is None and not scope.is_global:
        raise UserError(NO_SCOPE)
    app = host.store.require_app(scope.app) if scope.app is not None else None
    name = ServerName(server)
    log_in(host, app, name, username, given_password(password, from_input=password_stdin))
    return CommandResult({"server": name, "user": username}, [] if host.dry_run else ["Login Succeeded"])


@group.command("logout", permission="app:write", mutating=True)
def logout(host: Host, scope: Scope, server: Server) -> CommandResult:
    """Remove a login; the logins of other apps and the global login stay."""
    from dokkupy_registry.login import log_out

    if scope.app is None and not scope.is_global:
        raise UserError(NO_SCOPE)
    app = host.store.require_app(scope.app) if scope.app is not None else None
    name = ServerName(server)
    had_one = log_out(host, app, name)
    line = f"Removing login credentials for {name}" if had_one else f"Not logged in to {name}"
    return CommandResult({"server": name, "changed": had_one}, [line])


def judge(host: Host, app: AppName | None, name: str, value: str) -> None:
    """Raises UserError if the address of the registry is the host itself or an app."""
    from dokkupy_sdk.outgoing import require_registry

    if name == "server":
        require_registry(host, f"{value}/image")


def extra(host: Host, app: AppName | None) -> dict[str, Any]:
    from dokkupy_registry.push import repository
    from dokkupy_registry.stored import PushedFile, kept_logins

    logins = ",".join(f"{login.user}@{server}" for server, login in sorted(kept_logins(host, app).items()))
    if app is None:
        return {"logins": logins}
    tag = host.store.load(PushedFile, app).tag
    return {"logins": logins, "computed-image-repo": repository(host, app), "tag-version": str(tag) if tag else ""}


# Which repository an app writes to with the login of all apps is an admin's to decide.
add_property_commands(group, SETTINGS, permission="app:admin", judge=judge, extra=extra, beyond=("logins",))
