"""The commands of a datastore (reference, section 6.2), the same for all of them. Light: every command's start reads it."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from dokkupy_sdk.cli import Arg, CommandResult, Group, Host, Opt, Rest, confirm
from dokkupy_sdk.errors import Conflict, NotFound, UserError
from dokkupy_sdk.names import AppName, digits

from dokkupy_services.names import ServiceName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_services.lifecycle import ServiceOptions
    from dokkupy_services.role import Datastore

Name = Annotated[ServiceName, Arg("service")]
NewName = Annotated[ServiceName, Arg("new-service")]
App = Annotated[AppName, Arg("app")]
NoRestart = Annotated[bool, Opt("--no-restart", "-n", help="Do not restart; variables apply at the next start")]
Config = Annotated[str, Opt("--config-options", "-c", help="Extra arguments for the server's command")]
Custom = Annotated[str, Opt("--custom-env", "-C", help="Environment variables of the container, such as A=1;B=2")]
Image = Annotated[str, Opt("--image", "-i", help="Image to use")]
Version = Annotated[str, Opt("--image-version", "-I", help="Tag of the image")]
Memory = Annotated[str, Opt("--memory", "-m", help="Memory limit in megabytes")]
Cpus = Annotated[str, Opt("--cpus", help="CPU limit, such as 0.5")]
Shm = Annotated[str, Opt("--shm-size", "-s", help="Size of shared memory, such as 64m")]
Initial = Annotated[str, Opt("--initial-network", "-N", help="Docker network to create the service in")]
PostCreate = Annotated[str, Opt("--post-create-network", "-P", help="More docker networks, separated by commas")]
PostStart = Annotated[str, Opt("--post-start-network", "-S", help="More docker networks, separated by commas")]
Restart = Annotated[str, Opt("--restart-policy", help="Restart policy: always, unless-stopped, on-failure:10, no")]
Password = Annotated[str, Opt("--password", "-p", help="Password of the apps' user; generated if not given")]
RootPassword = Annotated[
    str, Opt("--root-password", "-r", help="Password of the administrator; generated if not given")
]

NETWORKS = ("initial-network", "post-create-network", "post-start-network")


def service_options_of(
    image: str,
    image_version: str,
    config_options: str,
    custom_env: str,
    memory: str,
    shm_size: str,
    restart_policy: str,
    cpus: str,
    password: str = "",
    root_password: str = "",
) -> ServiceOptions:
    from dokkupy_sdk.names import Secret

    from dokkupy_services.lifecycle import ServiceOptions

    env = {}
    for pair in filter(None, custom_env.split(";")):
        key, mark, value = pair.partition("=")
        if not mark:
            raise UserError("Custom environment is given as A=1;B=2")
        env[key] = Secret(value)
    return ServiceOptions(
        image, image_version, config_options, env, memory, shm_size, restart_policy, cpus, password, root_password
    )


def wished(kind: str, what: str, *, unless: str = "") -> str:
    """What the environment of a `create` wants: POSTGRES_IMAGE, POSTGRES_IMAGE_VERSION, POSTGRES_CUSTOM_ENV,
    POSTGRES_CONFIG_OPTIONS (reference, section 6.2). unless: a flag that was given in its place."""
    return "" if unless else os.environ.get(f"{kind.upper().replace('-', '_')}_{what}", "")


def datastore_group(kind: str, title: str, help: str, *, dumps: bool = True, connects: bool = True) -> Group:
    """The commands of one kind of datastore. title: as people write it. dumps, connects: as the Datastore says."""
    group = Group(kind, help)
    add_life(group, kind, title)
    add_running(group, kind, title)
    add_links(group, kind, title)
    add_looks(group, kind, title)
    add_changes(group, kind, title)
    if connects:
        add_client(group, kind)
    if dumps:
        from dokkupy_services.backup_cli import add_backups
        from dokkupy_services.data_cli import add_data

        add_data(group, kind, title)
        add_backups(group, kind)
    return group


def found(host: Host, kind: str) -> Datastore:
    from dokkupy_services import records

    return records.datastore(host, kind)


def add_life(group: Group, kind: str, title: str) -> None:
    @group.command("create", permission="host:write", mutating=True, secret_args=1)
    def create(
        host: Host,
        service: Name,
        *,
        config_options: Config = "",
        custom_env: Custom = "",
        image: Image = "",
        image_version: Version = "",
        memory: Memory = "",
        initial_network: Initial = "",
        password: Password = "",
        post_create_network: PostCreate = "",
        root_password: RootPassword = "",
        post_start_network: PostStart = "",
        shm_size: Shm = "",
        restart_policy: Restart = "",
        cpus: Cpus = "",
    ) -> CommandResult:
        """Create a service."""
        from dokkupy_services import lifecycle, report

        wish = service_options_of(
            image or wished(kind, "IMAGE"),
            image_version or wished(kind, "IMAGE_VERSION", unless=image),
            config_options or wished(kind, "CONFIG_OPTIONS"),
            custom_env or wished(kind, "CUSTOM_ENV"),
            memory,
            shm_size,
            restart_policy,
            cpus,
            password,
            root_password,
        )
        networks = dict(zip(NETWORKS, (initial_network, post_create_network, post_start_network), strict=True))
        made = lifecycle.create(host, found(host, kind), service, wish, networks=networks)
        host.out.title(f"{title} container created: {service}")
        return report.info(host, found(host, kind), made)

    @group.command("destroy", permission="host:write", mutating=True)
    def destroy(
        host: Host,
        service: Name,
        *,
        force: Annotated[bool, Opt("--force", "-f", help="Do not ask")] = False,
        purge: Annotated[bool, Opt("--purge", help="Delete the data immediately")] = False,
    ) -> CommandResult:
        """Destroy a service; its data is kept for some days, see services:trash."""
        return destroyed(host, kind, title, service, force=force, purge=purge)

    @group.command("rename", permission="host:write", mutating=True)
    def rename(host: Host, service: Name, new_service: NewName) -> CommandResult:
        """Rename a service; linked apps keep working."""
        from dokkupy_services import lifecycle

        lifecycle.rename(host, found(host, kind), service, new_service)
        host.out.title(f"Renamed {service} to {new_service}")
        return CommandResult({"service": new_service, "was": service})


def add_running(group: Group, kind: str, title: str) -> None:
    @group.command("start", permission="host:write", mutating=True)
    def start(host: Host, service: Name) -> CommandResult:
        """Start a service; its container is created again if it is missing."""
        return to_state(host, kind, service, "running", "start", f"{title} container started: {service}")

    @group.command("stop", permission="host:write", mutating=True)
    def stop(host: Host, service: Name) -> CommandResult:
        """Stop a service and remove its container; the data stays."""
        return to_state(host, kind, service, "stopped", "stop", f"{title} container stopped: {service}")

    @group.command("pause", permission="host:write", mutating=True)
    def pause(host: Host, service: Name) -> CommandResult:
        """Stop a service and keep its container."""
        return to_state(host, kind, service, "paused", "pause", f"{title} container paused: {service}")

    @group.command("restart", permission="host:write", mutating=True)
    def restart(host: Host, service: Name) -> CommandResult:
        """Restart a service."""
        from dokkupy_services import lifecycle, records

        one = lifecycle.restart(host, found(host, kind), service)
        host.out.title(f"{title} container restarted: {service}")
        apps = [link.app for link in records.links(host, one)]
        for app in apps:
            host.out.detail(f"{app} lost its connections; if it does not come back by itself: ps:restart {app}")
        return CommandResult({"service": service, "state": "running", "links": apps})


def to_state(host: Host, kind: str, service: ServiceName, state: str, verb: str, told: str) -> CommandResult:
    from dokkupy_services import lifecycle

    lifecycle.set_state(host, found(host, kind), service, state, verb)
    host.out.title(told)
    return CommandResult({"service": service, "state": state})


def add_links(group: Group, kind: str, title: str) -> None:
    @group.command("link", permission="host:write", mutating=True)
    def link(
        host: Host,
        service: Name,
        app: App,
        *,
        alias: Annotated[str, Opt("--alias", "-a", help="Prefix of the variable: NAME gives NAME_URL")] = "",
        querystring: Annotated[str, Opt("--querystring", "-q", help="Query string of the URL, such as pool=5")] = "",
        no_restart: NoRestart = False,
    ) -> CommandResult:
        """Link a service to an app; the app gets the address in a variable and is restarted."""
        from dokkupy_services import links

        key = links.link(host, found(host, kind), service, app, alias=alias, query=querystring)
        return told_variable(host, service, app, key, restart=not no_restart)

    @group.command("unlink", permission="host:write", mutating=True)
    def unlink(host: Host, service: Name, app: App, *, no_restart: NoRestart = False) -> CommandResult:
        """Remove a link and the variables that hold the address; the app is restarted."""
        return unlinked(host, kind, service, app, restart=not no_restart)

    @group.command("promote", permission="host:write", mutating=True)
    def promote(host: Host, service: Name, app: App, *, no_restart: NoRestart = False) -> CommandResult:
        """Promote a linked service: it gets the app's main variable, such as DATABASE_URL."""
        from dokkupy_services import links

        key = links.promote(host, found(host, kind), service, app)
        return told_variable(host, service, app, key, restart=not no_restart)

    @group.command("links", permission="host:read")
    def links_of(host: Host, service: Name) -> CommandResult:
        """List the apps that a service is linked to."""
        from dokkupy_services import records

        apps = [link.app for link in records.links(host, records.read(host, kind, service))]
        return CommandResult(apps, apps, header=f"{service} {kind} service links")

    @group.command("linked", permission="host:read")
    def linked(host: Host, service: Name, app: App) -> CommandResult:
        """Exit with 0 if a service is linked to an app, else with 1."""
        from dokkupy_services import records

        host.store.require_app(app)
        yes = any(link.app == app for link in records.links(host, records.read(host, kind, service)))
        told = f"Service {service} is {'' if yes else 'not '}linked to app {app}"
        (host.out.section if yes else host.out.warn)(told)
        return CommandResult({"service": service, "app": app, "linked": yes}, status=0 if yes else 1)

    @group.command("app-links", permission="app:read")
    def app_links(host: Host, app: App) -> CommandResult:
        """List the services of this kind that an app is linked to."""
        from dokkupy_services import records

        host.store.require_app(app)
        names = [str(one.name) for one, _ in records.linked_services(host, app) if one.kind == kind]
        return CommandResult(names, names)


def destroyed(host: Host, kind: str, title: str, service: ServiceName, *, force: bool, purge: bool) -> CommandResult:
    from dokkupy_services import lifecycle, records

    if not records.is_there(host, kind, service):
        raise NotFound(f"{title} service {service} does not exist")
    if not force and not records.linked_apps(host, kind, service):
        confirm(host, service, f"{kind} service {service}" + (" with its data" if purge else ""))
    host.force = host.force or force  # whoever else is asked before it goes does not ask either
    host.out.announce(f"Deleting {service}")
    one = lifecycle.destroy(host, kind, service, purge=purge)
    host.out.title(f"{title} container deleted: {service}")
    return CommandResult({"service": service, "data-kept": not purge and (one is None or bool(one.volume))})


def unlinked(host: Host, kind: str, service: ServiceName, app: AppName, *, restart: bool) -> CommandResult:
    from dokkupy_services import links

    keys = links.unlink(host, kind, service, app)
    for key in keys:
        host.out.section(f"Unsetting {key}")
    return CommandResult(
        {"service": service, "app": app, "variables": keys, "restarted": restarted(host, app, restart)}
    )


def restarted(host: Host, app: AppName, wanted: bool) -> bool:
    """Restart an app with its new variables, if that is wanted and it runs."""
    from dokkupy_sdk.deploy import restart_with_config

    return wanted and not host.dry_run and restart_with_config(host, app)


def told_variable(host: Host, service: ServiceName, app: AppName, key: str, *, restart: bool) -> CommandResult:
    host.out.section("Setting config vars")
    host.out.detail(f"{key}:  ***")
    return CommandResult({"service": service, "app": app, "variable": key, "restarted": restarted(host, app, restart)})


def add_looks(group: Group, kind: str, title: str) -> None:
    @group.command("exists", permission="host:read")
    def exists(host: Host, service: Name) -> CommandResult:
        """Exit with 0 if a service exists, else with 1."""
        from dokkupy_services import records

        if not records.has(host, kind, service):
            raise NotFound(f"{title} service {service} does not exist")
        host.out.section(f"Service {service} exists")
        return CommandResult({"service": service, "exists": True})

    @group.command("list", permission="host:read")
    def list_services(host: Host) -> CommandResult:
        """List the services of this kind."""
        from dokkupy_services import records

        found, broken = records.readable(host, kind)
        names = [str(one.name) for one in found]
        if not names and not broken:
            host.out.warn(f"There are no {title} services")
        for subject, fault in broken:
            host.out.warn(f"{subject} is broken: {fault.message}. {fault.hint}")
        return CommandResult(names, names, header=f"{title} services" if names else "", status=1 if broken else 0)

    @group.command("info", permission="host:read")
    def info(host: Host, service: Name, *, flags: Annotated[list[str], Opt(unknown=True)] = []) -> CommandResult:  # noqa: B006
        """Print a service's details, or with a flag such as --dsn one value."""
        from dokkupy_services import records, report

        return report.info(host, found(host, kind), records.read(host, kind, service), flags)

    @group.command("logs", permission="host:read", formats=False)
    def logs(
        host: Host,
        service: Name,
        number: Annotated[str, Arg("lines")] = "",
        *,
        tail: Annotated[bool, Opt("--tail", "-t", help="Follow: print new lines as they arrive")] = False,
        num: Annotated[int, Opt("--num", help="Number of lines, counted from the end")] = 0,
    ) -> None:
        """Print the server's log."""
        from dokkupy_services import records, report

        lines = num or (digits(number) or 0)
        report.print_logs(host, records.read(host, kind, service), lines, follow=tail)


def add_changes(group: Group, kind: str, title: str) -> None:
    @group.command("set", permission="host:write", mutating=True)
    def set_property(
        host: Host, service: Name, key: Annotated[str, Arg("key")] = "", value: Annotated[str, Arg("value")] = ""
    ) -> None:
        """Set or unset a property of a service: initial-network, post-create-network, post-start-network."""
        from dokkupy_services import lifecycle

        if not key:
            raise UserError("No key specified")
        if key not in NETWORKS:
            raise UserError(f"Invalid key specified, valid keys include: {', '.join(NETWORKS)}")
        lifecycle.set_network(host, found(host, kind), service, key, value)
        host.out.title(f"Setting {key} to {value}" if value else f"Unsetting {key}")

    @group.command("enter", permission="host:write", formats=False)
    def enter(host: Host, service: Name, command: Annotated[list[str], Rest("command")] = []) -> int:  # noqa: B006
        """Run a command, by default a shell, in a service's container."""
        return attach(
            host, kind, service, tuple(command) or ("/bin/sh", "-c", "command -v bash >/dev/null && exec bash; exec sh")
        )

    @group.command("expose", permission="host:write", mutating=True)
    def expose(host: Host, service: Name, ports: Annotated[list[str], Arg("[address:]port")] = []) -> CommandResult:  # noqa: B006
        """Make the service reachable on a port of the host, by default on 127.0.0.1 only."""
        from dokkupy_services import expose as exposing

        after = exposing.expose(host, found(host, kind), service, ports)
        host.out.section(f"Service {service} exposed on port(s) [container->host]: {exposing.arrows(after)}")
        if exposing.is_open(after):
            host.out.warn("Everybody who reaches this host can now try passwords at it")
        return CommandResult({"service": service, "exposed": list(after.exposed)})

    @group.command("unexpose", permission="host:write", mutating=True)
    def unexpose(host: Host, service: Name) -> CommandResult:
        """Close the host ports that lead to the service."""
        from dokkupy_services import expose as exposing

        exposing.unexpose(host, found(host, kind), service)
        host.out.section(f"Service {service} unexposed")
        return CommandResult({"service": service, "exposed": []})

    @group.command("upgrade", permission="host:write", mutating=True, secret_args=1)
    def upgrade(
        host: Host,
        service: Name,
        *,
        config_options: Config = "",
        custom_env: Custom = "",
        image: Image = "",
        image_version: Version = "",
        memory: Memory = "",
        shm_size: Shm = "",
        restart_policy: Restart = "",
        cpus: Cpus = "",
        initial_network: Initial = "",
        post_create_network: PostCreate = "",
        post_start_network: PostStart = "",
        restart_apps: Annotated[str, Opt("--restart-apps", "-R", help="true: restart the linked apps afterwards")] = "",
        revert: Annotated[bool, Opt("--revert", help="Go back to the previous instance and the data it had")] = False,
    ) -> CommandResult:
        """Move a service to another version, with its data."""
        from dokkupy_services import moving

        datastore = found(host, kind)
        wish = service_options_of(
            image, image_version, config_options, custom_env, memory, shm_size, restart_policy, cpus
        )
        networks = dict(zip(NETWORKS, (initial_network, post_create_network, post_start_network), strict=True))
        if revert:
            moving.require_no_wish(wish, networks)
            moved = moving.revert(host, datastore, service)
        else:
            moving.set_networks(host, datastore, service, networks)
            moved = moving.upgrade(host, datastore, service, wish)
        return told_moved(host, kind, moved, restart=restart_apps.lower() in ("true", "1", "yes"))


def told_moved(host: Host, kind: str, moved: object, *, restart: bool) -> CommandResult:
    from dokkupy_services import records
    from dokkupy_services.moving import Moved

    assert isinstance(moved, Moved)
    one = moved.service
    if moved.how != "nothing" and not host.dry_run:
        host.out.title(f"{one.name} runs {one.image} ({one.version}); apps could not reach it for {moved.seconds} s")
        if one.previous:
            host.out.detail(f"The way back, until {one.previous['until']}: {kind}:upgrade {one.name} --revert")
    apps = [link.app for link in records.links(host, one)]
    again = [app for app in apps if restarted(host, AppName(app), restart)]
    return CommandResult(
        {
            "service": one.name,
            "image": one.image,
            "version": one.version,
            "how": moved.how,
            "downtime": moved.seconds,
            "restarted": again,
        }
    )


def add_client(group: Group, kind: str) -> None:
    @group.command("connect", permission="host:write", formats=False)
    def connect(host: Host, service: Name, command: Annotated[list[str], Rest("argument")] = []) -> int:  # noqa: B006
        """Open the server's own client."""
        from dokkupy_services import records

        return attach(host, kind, service, (*found(host, kind).connect(records.read(host, kind, service)), *command))


def attach(host: Host, kind: str, service: ServiceName, argv: tuple[str, ...]) -> int:
    """Run a program of the service's container on our own terminal or pipes; returns its status."""
    import subprocess

    from dokkupy_sdk.execute import environment

    from dokkupy_services import lifecycle, records

    one = records.read(host, kind, service)
    if not lifecycle.is_up(host, one):
        raise Conflict(f"{one.subject} does not run", hint=f"First: {kind}:start {service}", code="not_running")
    tty = sys.stdin.isatty() and sys.stdout.isatty()
    sys.stdout.flush()
    return subprocess.run(
        host.engine().attach_argv(one.container, argv, tty=tty), env=environment(), check=False
    ).returncode
