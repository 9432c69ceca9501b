"""`docker-options:*`, `scheduler:*` and `scheduler-docker-local:*` (reference, sections 1.10 and 1.27)."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, Rest
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.settings import BUILD, RESTART, Settings

from dokkupy_docker.options.stored import PHASES, DockerOptionsFile, divided, options_of, processes_of, same
from dokkupy_docker.settings import LOCAL, SCHEDULER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

options_group = Group("docker-options", "Manage the docker options of apps")
scheduler_group = Group("scheduler", "Choose the scheduler of apps")
local_group = Group("scheduler-docker-local", "Manage the scheduler docker-local")

App = Annotated[AppName, Arg("app")]
PhaseWord = Annotated[str, Arg("phase(s)", "Phases, separated by commas", complete=PHASES)]
Processes = Annotated[list[str], Opt("--process", noun="TYPE", help="Only for this process type, in the phase deploy")]
Options = Annotated[list[str], Rest("option")]
OWN_FLAGS = ("--dry-run", "--format", "--json", "--process", "--verbose")


def phases_of(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not set(names) <= set(PHASES):
        raise UserError("Phase(s) must be one of [build deploy run]")
    return names


def require_docker_options(verb: str, words: list[str]) -> None:
    """Raise UserError for a flag of this command, which docker would get: `--dry-run` after the options added them."""
    for word in words:
        name = word.partition("=")[0]
        if name in OWN_FLAGS:
            raise UserError(
                f"{name} is a flag of docker-options:{verb}, not an option of docker",
                hint=f"Type it before the app: docker-options:{verb} {name} ...",
            )


def without_types(words: list[str], types: list[str]) -> tuple[list[str], list[str]]:
    """The options without `--process TYPE`, which Dokku also accepts after the app, and the process types."""
    left: list[str] = []
    types = list(types)
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name == "--process" and (value := value if equals else next(rest, "")):
            types.append(value)
        else:
            left.append(word)
    return left, types


def checked(words: list[str], phases: list[str]) -> list[str]:
    """The options in stored form. They are validated now, so that a later deploy does not fail because of them."""
    import shlex

    found = divided(words)
    if not found:
        raise UserError("Please specify docker options to add", hint="Such as: --memory=512m")
    split = [word for option in found for word in shlex.split(option)]
    if phases != ["build"]:
        from dokkupy_docker.options.translate import body_of

        body_of(split)
    else:
        from dokkupy_docker.builds.limits import limits_of
        from dokkupy_docker.builds.options import require_options, validate

        require_options(split)
        limits_of(validate(split, (), buildkit=True, buildx=True).limits)
    return found


def change(
    host: Host, verb: str, app: AppName, phases: list[str], processes: list[str], edit: Callable[[list[str]], list[str]]
) -> None:
    """Edit the options of the phases, or with processes those of these types alone."""
    from dokkupy_apps.settings.effect import announce_effect
    from dokkupy_sdk.operation import operation

    host.store.require_app(app)
    if processes and phases != ["deploy"]:
        raise UserError("--process is only for the phase deploy")
    with operation(host, f"docker-options:{verb}", f"app:{app}", takes_away=verb in ("remove", "clear")) as tx:
        table = {phase: options_of(host, app, phase) for phase in PHASES}
        own = {name: {"deploy": options_of(host, app, "deploy", name)} for name in processes_of(host, app)}
        before = each_option(table, own)
        for name in processes:
            own[name] = {"deploy": edit(options_of(host, app, "deploy", name))}
        for phase in phases if not processes else ():
            table[phase] = edit(table[phase])
        changed = before ^ each_option(table, own)
        require_right(host, app, changed)
        record = host.store.load(DockerOptionsFile, app)
        tx.save(record.replace(phases=table, processes=own), app)
    for applies in dict.fromkeys(BUILD if phase == "build" else RESTART for _, phase, _ in sorted(changed)):
        announce_effect(host, app, applies)


def each_option(
    phases: Mapping[str, list[str]], processes: Mapping[str, Mapping[str, list[str]]]
) -> set[tuple[str, str, str]]:
    """(process type or empty, phase, option) of all that are set."""
    tables = {"": phases, **processes}
    return {(name, phase, text) for name, table in tables.items() for phase in table for text in table[phase]}


def require_right(host: Host, app: AppName, changed: set[tuple[str, str, str]]) -> None:
    """Raise Denied for a key that may not set or remove one of these options."""
    import shlex

    from dokkupy_sdk.access import check_access

    from dokkupy_docker.options.reach import is_inside

    if not all(is_inside(phase, shlex.split(text)) for _, phase, text in changed):
        check_access(host, "app:admin", app)


@options_group.command("add", permission="app:write", mutating=True)
def add(host: Host, app: App, phases: PhaseWord, option: Options, *, process: Processes = []) -> CommandResult:  # noqa: B006
    """Add options for the given phases. They apply from the next build or deploy on.

    docker-options:add blog deploy '--shm-size 64m'
    """
    import shlex

    from dokkupy_apps.settings.process_types import warn_of_unknown_types

    from dokkupy_docker.builds.options import unread
    from dokkupy_docker.options.translate import remarks

    host.store.require_app(app)
    names = phases_of(phases)
    option, process = without_types(option, process)
    require_docker_options("add", option)
    require_right(host, app, {("", phase, text) for phase in names for text in divided(option)})
    found = checked(option, names)
    types = [str(ProcessType(name)) for name in process]
    change(host, "add", app, names, types, lambda kept: list(dict.fromkeys([*kept, *found])))
    split = [word for text in found for word in shlex.split(text)]
    for remark in (
        *(remarks(split) if names != ["build"] else ()),
        *(f"{name} has no effect in the phase build" for name in (unread(split) if "build" in names else ())),
    ):
        host.out.warn(remark)
    warn_of_unknown_types(host, app, types, "the option")
    return CommandResult({"app": app, "phases": names, "processes": types, "options": found})


@options_group.command("remove", permission="app:write", mutating=True)
def remove(host: Host, app: App, phases: PhaseWord, option: Options, *, process: Processes = []) -> CommandResult:  # noqa: B006
    """Remove options from the given phases."""
    host.store.require_app(app)
    names = phases_of(phases)
    option, process = without_types(option, process)
    require_docker_options("remove", option)
    doomed = divided(option)

    def edit(kept: list[str]) -> list[str]:
        for text in doomed:
            if not any(same(text, one) for one in kept):
                host.out.warn(f"{text[:60]!r} is not among the options of {app} for {','.join(process or names)}")
        return [one for one in kept if not any(same(text, one) for text in doomed)]

    change(host, "remove", app, names, process, edit)
    return CommandResult({"app": app, "phases": names, "processes": process})


@options_group.command("clear", permission="app:write", mutating=True)
def clear(
    host: Host,
    app: App,
    phases: PhaseWord = "",
    *,
    process: Processes = [],  # noqa: B006
) -> CommandResult:
    """Remove all options of the given phases."""
    names = phases_of(phases) if phases else ["deploy"] if process else list(PHASES)
    host.store.require_app(app)
    types = process or ["", *([] if phases else processes_of(host, app))]
    if not any(options_of(host, app, phase, name) for phase in names for name in types):
        host.out.warn(f"{app} has no docker options for {', '.join(process or names)}")
    if not phases and not process and processes_of(host, app):
        change(host, "clear", app, ["deploy"], processes_of(host, app), lambda kept: [])
    change(host, "clear", app, names, process, lambda kept: [])
    return CommandResult({"app": app, "phases": names, "processes": process})


@options_group.command("list", permission="app:read")
def list_options(
    host: Host,
    app: App,
    which: Annotated[str, Arg("phase", complete=PHASES)] = "",
    *,
    phase: Annotated[str, Opt("--phase", help="The same as the argument", complete=PHASES)] = "",
    process: Annotated[str, Opt("--process", noun="TYPE", help="Only those of this process type")] = "",
) -> CommandResult:
    """List the options of a phase, one per line."""
    host.store.require_app(app)
    if not phase and not which:
        raise UserError(
            "Please specify a phase: build, deploy or run", hint=f"docker-options:list {app} --phase deploy"
        )
    names = phases_of(phase or which)
    table = {name: options_of(host, app, name, process) for name in names}
    return CommandResult(table, [text for name in names for text in table[name]])


def extra(host: Host, app: AppName | None) -> dict[str, Any]:
    if app is None:
        return {}
    found = {phase: options_of(host, app, phase) for phase in PHASES}
    found.update({f"deploy.{name}": options_of(host, app, "deploy", name) for name in processes_of(host, app)})
    from dokkupy_apps.settings.effect import pending_options

    lists = {f"{name}-list": options for name, options in found.items()}
    pending = {f"pending-{process}": text for process, text in pending_options(host, app).items()}
    return {**{name: " ".join(options) for name, options in found.items()}, **lists, **pending}


BEYOND = ("host-ports",)
"""The properties that Dokku does not have."""

add_property_commands(options_group, Settings("docker-options"), extra=extra, title="docker options")
add_property_commands(scheduler_group, SCHEDULER)
add_property_commands(local_group, LOCAL, beyond=BEYOND)
