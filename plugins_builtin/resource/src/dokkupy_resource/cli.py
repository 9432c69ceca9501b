"""`resource:*` (reference, section 1.25)."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, Options
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import BUILD, RESTART, Settings

from dokkupy_resource.table import (
    DEFAULT,
    KINDS,
    OPTIONS,
    RESOURCES,
    ResourceFile,
    listed,
    process_type,
    read,
    value_of,
)

group = Group("resource", "Limit what apps and their builds may use")

WORDS = {"limit": "limits", "reserve": "reservation"}
"""Dokku's words for them in its headers."""

App = Annotated[AppName, Arg("app")]
Type = Annotated[str, Opt("--process-type", help="Only for this process type; `build` means builds")]
UNLIMITED = "Docker cannot limit the network; the value is kept for schedulers that can"
UNRESERVED = "Docker can only reserve memory; the value is kept for schedulers that can"
Memory = Annotated[str, Opt("--memory", noun="SIZE", help="Memory, such as 512m; a number alone is megabytes")]


class Limits(Options):
    cpu: Annotated[str, Opt("--cpu", noun="NUMBER", help="CPUs, such as 0.5")] = ""
    memory: Memory = ""
    memory_swap: Annotated[
        str, Opt("--memory-swap", noun="SIZE", help="Memory and swap together; -1: no limit on swap")
    ] = ""
    network: Annotated[str, Opt("--network", noun="RATE", inert=UNLIMITED)] = ""
    network_ingress: Annotated[str, Opt("--network-ingress", noun="RATE", inert=UNLIMITED)] = ""
    network_egress: Annotated[str, Opt("--network-egress", noun="RATE", inert=UNLIMITED)] = ""
    nvidia_gpu: Annotated[str, Opt("--nvidia-gpu", noun="NUMBER", help="Number of GPUs")] = ""
    pids: Annotated[
        str,
        Opt(
            "--pids",
            noun="NUMBER",
            help="Number of processes and threads in each container, by default 4096; -1: no limit",
        ),
    ] = ""


class Reservations(Options):
    cpu: Annotated[str, Opt("--cpu", noun="NUMBER", inert=UNRESERVED)] = ""
    memory: Memory = ""
    memory_swap: Annotated[str, Opt("--memory-swap", noun="SIZE", inert=UNRESERVED)] = ""
    network: Annotated[str, Opt("--network", noun="RATE", inert=UNRESERVED)] = ""
    network_ingress: Annotated[str, Opt("--network-ingress", noun="RATE", inert=UNRESERVED)] = ""
    network_egress: Annotated[str, Opt("--network-egress", noun="RATE", inert=UNRESERVED)] = ""
    nvidia_gpu: Annotated[str, Opt("--nvidia-gpu", noun="NUMBER", inert=UNRESERVED)] = ""


def show(host: Host, app: AppName, kind: str, name: str) -> CommandResult:
    from dokkupy_sdk.table import field

    host.store.require_app(app)
    values = read(host, app)[kind].get(name, {})
    title = "defaults" if name == DEFAULT else name
    lines = [field(one, values.get(one, "")) for one in listed(values)]
    return CommandResult(
        {one: values.get(one, "") for one in listed(values)},
        lines,
        header=f"resource {WORDS[kind]} {app} information [{title}]",
    )


def print_limits(host: Host, app: AppName, process: str) -> None:
    """When a change counts: limits of builds with the next one, all others when containers are started."""
    from dokkupy_apps.settings.effect import announce_effect

    announce_effect(host, app, BUILD if process == "build" else RESTART)


def change(host: Host, app: AppName, kind: str, process: str, given: Limits | Reservations) -> CommandResult:
    """Set what was given, an option for each of RESOURCES; show what there is when all are empty."""
    from dokkupy_apps.settings.process_types import warn_of_unknown_types
    from dokkupy_sdk.operation import operation

    name = process_type(process)
    texts = {resource: getattr(given, resource.replace("-", "_"), "") for resource in RESOURCES}
    wanted = {resource: value_of(resource, text) for resource, text in texts.items() if text}
    if not wanted:
        return show(host, app, kind, name)
    host.store.require_app(app)
    with operation(host, f"resource:{kind}", f"app:{app}") as tx:
        table = read(host, app)
        values = {**table[kind].get(name, {}), **wanted}
        table[kind][name] = {resource: value for resource, value in values.items() if value}
        tx.save(host.store.load(ResourceFile, app).replace(**table), app)
    host.out.header(f"Setting resource {WORDS[kind]} for {app}")
    if any(resource in OPTIONS[kind] for resource in wanted):
        print_limits(host, app, name)
    if name not in (DEFAULT, "build"):
        warn_of_unknown_types(host, app, [name])
    return CommandResult({"app": app, "process-type": name, **table[kind][name]})


def take_away(host: Host, app: AppName, kind: str, process: str) -> CommandResult:
    from dokkupy_sdk.operation import operation

    host.store.require_app(app)
    name = process_type(process)
    with operation(host, f"resource:{kind}-clear", f"app:{app}", takes_away=True) as tx:
        table = read(host, app)
        had_any = bool(table[kind].pop(name, None))
        tx.save(host.store.load(ResourceFile, app).replace(**table), app)
    title = "defaults" if name == DEFAULT else name
    host.out.header(f"Clearing resource {WORDS[kind]} for {app} [{title}]")
    if had_any:
        print_limits(host, app, name)
    return CommandResult({"app": app, "process-type": name})


@group.command("limit", permission="app:admin", mutating=True)
def limit(host: Host, app: App, *, process_type: Type = "", limits: Limits) -> CommandResult:
    """Limit what the app may use, from the next deploy on; `clear` unsets a value, no value shows all.

    resource:limit blog --memory 512m --cpu 1
    resource:limit blog --process-type worker --memory 1g
    """
    return change(host, app, "limit", process_type, limits)


@group.command("reserve", permission="app:admin", mutating=True)
def reserve(host: Host, app: App, *, process_type: Type = "", reservations: Reservations) -> CommandResult:
    """Reserve resources for the app (Docker can only reserve memory); `clear` unsets a value, no value shows all."""
    return change(host, app, "reserve", process_type, reservations)


@group.command("limit-clear", permission="app:admin", mutating=True)
def limit_clear(host: Host, app: App, *, process_type: Type = "") -> CommandResult:
    """Remove the limits of a process type, or without one the app's defaults."""
    return take_away(host, app, "limit", process_type)


@group.command("reserve-clear", permission="app:admin", mutating=True)
def reserve_clear(host: Host, app: App, *, process_type: Type = "") -> CommandResult:
    """Remove the reservations of a process type, or without one the app's defaults."""
    return take_away(host, app, "reserve", process_type)


def extra(host: Host, app: AppName | None) -> dict[str, str]:
    if app is None:
        return {}
    from dokkupy_apps.settings.effect import pending_options

    table = read(host, app)
    return {
        f"{name}.{kind}.{resource}": table[kind].get(name, {}).get(resource, "")
        for kind in KINDS
        for name in sorted({DEFAULT, *table["limit"], *table["reserve"]})
        for resource in listed(table[kind].get(name, {}))
    } | {f"pending-{process}": text for process, text in pending_options(host, app).items()}


add_property_commands(group, Settings("resource"), extra=extra, plain=True)
