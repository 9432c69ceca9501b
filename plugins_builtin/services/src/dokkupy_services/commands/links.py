"""Commands that link a service to apps and list its links."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, CommandResult, Group, Host, Opt, lines_or
from dokkupy_sdk.names import AppName

from dokkupy_services.commands.parameters import App, Name, NoRestart, found
from dokkupy_services.names import ServiceName


def add_links(group: Group, kind: str, title: str) -> None:
    @group.command("link", permission="host:write", mutating=True)
    def link(
        host: Host,
        service: Name,
        app: App,
        *,
        alias: Annotated[str, Opt("--alias", "-a", help="Prefix of the variable: NAME gives NAME_URL")] = "",
        querystring: Annotated[
            str, Opt("--querystring", "-q", noun="QUERY", help="Query string of the URL, such as pool=5")
        ] = "",
        no_restart: NoRestart = False,
    ) -> CommandResult:
        """Link a service to an app. The app gets the service's URL in a variable and is restarted.

        KIND:link db blog
        """
        from dokkupy_services.links import variables as links

        key = links.link(host, found(host, kind), service, app, alias=alias, query=querystring)
        return variable_set(host, service, app, key, restart=not no_restart)

    @group.command("unlink", permission="host:write", mutating=True)
    def unlink(host: Host, service: Name, app: App, *, no_restart: NoRestart = False) -> CommandResult:
        """Remove a link and the variables with the service's URL. The app is restarted."""
        return unlinked(host, kind, service, app, restart=not no_restart)

    @group.command("promote", permission="host:write", mutating=True)
    def promote(host: Host, service: Name, app: App, *, no_restart: NoRestart = False) -> CommandResult:
        """Promote a linked service: its URL becomes the value of the app's main variable, such as DATABASE_URL."""
        from dokkupy_services.links import variables as links

        key = links.promote(host, found(host, kind), service, app)
        return variable_set(host, service, app, key, restart=not no_restart)

    @group.command("links", permission="service:read")
    def links_of(host: Host, service: Name) -> CommandResult:
        """List the apps that a service is linked to."""
        from dokkupy_services import records

        apps = [link.app for link in records.links(host, records.read(host, kind, service))]
        return CommandResult(apps, apps, header=f"{service} {kind} service links")

    @group.command("linked", permission="service:read")
    def linked(host: Host, service: Name, app: App) -> CommandResult:
        """Exit with 0 if a service is linked to an app, else with 1."""
        from dokkupy_services import records

        host.store.require_app(app)
        yes = any(link.app == app for link in records.links(host, records.read(host, kind, service)))
        message = f"Service {service} is {'' if yes else 'not '}linked to app {app}"
        (host.out.section if yes else host.out.warn)(message)
        return CommandResult({"service": service, "app": app, "linked": yes}, status=0 if yes else 1)

    @group.command("app-links", permission="app:read")
    def app_links(host: Host, app: App) -> CommandResult:
        """List the services of this kind that an app is linked to."""
        from dokkupy_services import records

        host.store.require_app(app)
        names = [str(one.name) for one, _ in records.linked_services(host, app) if one.kind == kind]
        return CommandResult(names, lines_or(names, f"{app} is linked to none: {kind}:link SERVICE {app}"))


def unlinked(host: Host, kind: str, service: ServiceName, app: AppName, *, restart: bool) -> CommandResult:
    from dokkupy_services.links import variables as links

    keys = links.unlink(host, kind, service, app)
    for key in keys:
        host.out.section(f"Unsetting {key}")
    return CommandResult(
        {"service": service, "app": app, "variables": keys, "restarted": restarted(host, app, restart)}
    )


def restarted(host: Host, app: AppName, wanted: bool) -> bool:
    """Restart an app with its new variables, if requested and if it runs."""
    from dokkupy_apps.processes.redeploy import restart_with_config

    return wanted and not host.dry_run and restart_with_config(host, app)


def variable_set(host: Host, service: ServiceName, app: AppName, key: str, *, restart: bool) -> CommandResult:
    host.out.section("Setting config vars")
    host.out.detail(f"{key}:  ***")
    return CommandResult({"service": service, "app": app, "variable": key, "restarted": restarted(host, app, restart)})
