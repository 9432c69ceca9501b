"""`url` and `urls`."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, lines_or
from dokkupy_sdk.names import AppName

group = Group("urls", "Show all URLs of an app", bare="")
url_group = Group("url", "Show the first URL of an app", bare="")


def urls_of(host: Host, app: AppName) -> list[str]:
    from dokkupy_apps.releases.serving import is_deployed
    from dokkupy_apps.routing.routes import urls, why_unreachable

    host.store.require_app(app)
    if is_deployed(host, app) and (reason := why_unreachable(host, app)):
        host.out.warn(reason)
    return urls(host, app)


def no_url(app: AppName) -> str:
    return f"{app} has no URL: domains:add {app} DOMAIN"


@group.command("", permission="app:read")
def all_urls(host: Host, app: Annotated[AppName, Arg("app")]) -> CommandResult:
    """Print the URLs of an app."""
    found = urls_of(host, app)
    return CommandResult(found, lines_or(found, no_url(app)))


@url_group.command("", permission="app:read")
def one_url(host: Host, app: Annotated[AppName, Arg("app")]) -> CommandResult:
    """Print the first URL of an app."""
    found = urls_of(host, app)[:1]
    return CommandResult(found, lines_or(found, no_url(app)))
