"""`docker-options:*`, `scheduler:*` and `scheduler-docker-local:*` (reference, sections 1.10 and 1.27)."""

from __future__ import annotations

from typing import Annotated

from dokkupy_sdk.cli import Answer, Arg, Group, Host, Opt, Rest
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import BUILD, RESTART, Settings, add_property_commands

from dokkupy_docker.settings import LOCAL, SCHEDULER

options_group = Group("docker-options", "Manage the options that docker gets for an app")
scheduler_group = Group("scheduler", "Choose the scheduler of apps")
local_group = Group("scheduler-docker-local", "Manage the scheduler docker-local")

PHASES = ("build", "deploy", "run")

App = Annotated[AppName, Arg("app")]
PhaseWord = Annotated[str, Arg("phase(s)", "build, deploy, run; several with commas")]


def phases_of(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in PHASES:
            raise UserError(f"Phase(s) must be one of [build deploy run], not {name[:40]!r}")
    return names


def vetted(words: list[str], phases: list[str]) -> str:
    """The option as it is kept. It is looked at now, so that a later deploy does not fail by it."""
    import shlex

    text = " ".join(words).strip()
    if not text:
        raise UserError("Please specify docker options to add")
    try:
        split = shlex.split(text)
    except ValueError as error:
        raise UserError(f"{text[:60]!r} cannot be split into words: {error}") from None
    if not split or not split[0].startswith("-"):
        raise UserError(f"{text[:60]!r} is not an option of docker: it begins with a dash")
    if phases != ["build"]:
        from dokkupy_docker.options import body_of

        body_of(split)
    else:
        from dokkupy_docker.build_options import vet
        from dokkupy_docker.cap import limits_of

        limits_of(vet(split, (), buildkit=True, buildx=True).limits)
    return text


def same(one: str, other: str) -> bool:
    """Whether two options have the same words, however they are quoted."""
    import shlex

    try:
        return one == other or shlex.split(one) == shlex.split(other)
    except ValueError:
        return False


def change(host: Host, verb: str, app: AppName, phases: list[str], option: str | None, *, add: bool) -> None:
    from dokkupy_sdk.effect import tell_effect
    from dokkupy_sdk.operation import operation

    host.store.need_app(app)
    with operation(host, f"docker-options:{verb}", f"app:{app}") as tx:
        data = host.store.read("apps", app, "docker-options")
        table = {phase: list(data.get("phases", {}).get(phase, [])) for phase in PHASES}
        for phase in phases:
            if option is None:
                table[phase] = []
            elif add and option not in table[phase]:
                table[phase].append(option)
            elif not add:
                kept = [text for text in table[phase] if not same(text, option)]
                if len(kept) == len(table[phase]):
                    raise UserError(
                        f"{option[:60]!r} is not among the options of {app} for {phase}",
                        hint=f"See them: dokkupy docker-options:list {app} {phase}",
                    )
                table[phase] = kept
        tx.write("apps", app, "docker-options", data={**data, "phases": table})
    for applies in dict.fromkeys(BUILD if phase == "build" else RESTART for phase in phases):
        tell_effect(host, app, applies)


@options_group.command("add", needs="app:admin", changes=True)
def add(host: Host, app: App, phases: PhaseWord, option: Annotated[list[str], Rest("option")]) -> Answer:
    """Add an option for the given phases; it counts from the next build or deploy."""
    names = phases_of(phases)
    text = vetted(option, names)
    change(host, "add", app, names, text, add=True)
    return Answer({"app": app, "phases": names, "option": text})


@options_group.command("remove", needs="app:admin", changes=True)
def remove(host: Host, app: App, phases: PhaseWord, option: Annotated[list[str], Rest("option")]) -> Answer:
    """Remove an option from the given phases."""
    names = phases_of(phases)
    change(host, "remove", app, names, " ".join(option).strip(), add=False)
    return Answer({"app": app, "phases": names})


@options_group.command("clear", needs="app:admin", changes=True)
def clear(host: Host, app: App, phases: PhaseWord = "build,deploy,run") -> Answer:
    """Remove all options of the given phases."""
    names = phases_of(phases)
    change(host, "clear", app, names, None, add=False)
    return Answer({"app": app, "phases": names})


def of_phase(host: Host, app: AppName, phase: str) -> list[str]:
    return [str(text) for text in host.store.read("apps", app, "docker-options").get("phases", {}).get(phase, [])]


@options_group.command("list", needs="app:read")
def list_options(
    host: Host, app: App, which: Annotated[str, Arg("phase")] = "", *,
    phase: Annotated[str, Opt("--phase", help="build, deploy or run")] = "",
) -> Answer:  # fmt: skip
    """List the options, one a line."""
    host.store.need_app(app)
    names = phases_of(phase or which) if phase or which else list(PHASES)
    table = {name: of_phase(host, app, name) for name in names}
    return Answer(table, [text for name in names for text in table[name]])


def extra(host: Host, app: AppName | None) -> dict[str, str]:
    if app is None:
        return {}
    from dokkupy_sdk.effect import pending_options

    pending = {f"pending-{process}": text for process, text in pending_options(host, app).items()}
    return {phase: " ".join(of_phase(host, app, phase)) for phase in PHASES} | pending


add_property_commands(options_group, Settings("docker-options"), extra=extra, title="docker options")
add_property_commands(scheduler_group, SCHEDULER)
add_property_commands(local_group, LOCAL)
