"""`buildpacks:*` (reference, section 1.4) and `buildpacks:plan`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, lines_or
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName

from dokkupy_buildpacks.settings import SETTINGS

group = Group("buildpacks", "Manage the buildpacks of apps")

App = Annotated[AppName, Arg("app")]
KNOWN = "dokkupy_buildpacks.completers:buildpacks"
Index = Annotated[int, Opt("--index", help="Position in the list, from 1")]


def extra(host: Host, app: AppName | None) -> dict[str, str]:
    from dokkupy_buildpacks.select.lists import kept

    return {"list": ",".join(kept(host, app)) if app is not None else ""}


BEYOND = [name for name in SETTINGS.listed if name != "stack"]
"""The properties that Dokku does not have."""

add_property_commands(group, SETTINGS, extra=extra, permission="app:admin", verb="set-property", beyond=BEYOND)


def change(host: Host, verb: str, app: AppName, wanted: list[str]) -> None:
    from dokkupy_apps.settings.effect import announce_setting
    from dokkupy_sdk.operation import operation

    with operation(host, f"buildpacks:{verb}", f"app:{app}", takes_away=verb in ("remove", "clear")) as tx:
        SETTINGS.set(tx, app, "list", ",".join(wanted))
    announce_setting(host, SETTINGS, "list", app)


def current(host: Host, app: AppName) -> list[str]:
    from dokkupy_buildpacks.select.lists import kept

    host.store.require_app(app)
    return kept(host, app)


def check_index(index: int) -> None:
    if index < 0:
        raise UserError(f"Invalid index {index}: positions are counted from 1")


@group.command("add", permission="app:write", mutating=True)
def add(
    host: Host, app: App, buildpack: Annotated[str, Arg("buildpack", complete=KNOWN)] = "", *, index: Index = 0
) -> None:
    """Add a buildpack, at the end or at a position."""
    from dokkupy_buildpacks.select.lists import parse

    found = current(host, app)
    if not buildpack:
        raise UserError("Must specify a buildpack to add", hint=f"Such as: dokkupy buildpacks:add {app} heroku/python")
    check_index(index)
    address = parse(buildpack)
    found.insert(index - 1 if index else len(found), address)
    change(host, "add", app, found)


@group.command("set", permission="app:write", mutating=True)
def set_buildpack(
    host: Host,
    app: App,
    buildpacks: Annotated[list[str], Arg("buildpack", complete=KNOWN)],
    *,
    index: Index = 0,
    replace: Annotated[bool, Opt("--replace", help="Replace the whole list with the given buildpacks")] = False,
) -> None:
    """Set the buildpack at a position (by default the first), or with --replace the whole list."""
    from dokkupy_buildpacks.select.lists import parse

    found = current(host, app)
    if not buildpacks:
        raise UserError("Must specify a buildpack to set", hint=f"Such as: dokkupy buildpacks:set {app} heroku/python")
    check_index(index)
    addresses = [parse(one) for one in buildpacks]
    if replace:
        if index:
            raise UserError("--replace and --index cannot be combined")
        change(host, "set", app, addresses)
        return
    if len(addresses) > 1:
        raise UserError("Only one buildpack can be set at a position", hint="To set the whole list, use --replace")
    place = (index or 1) - 1
    found[place : place + 1] = addresses
    change(host, "set", app, found)


@group.command("remove", permission="app:write", mutating=True)
def remove(
    host: Host, app: App, buildpack: Annotated[str, Arg("buildpack", complete=KNOWN)] = "", *, index: Index = 0
) -> None:
    """Remove a buildpack, by its name or by its position."""
    from dokkupy_buildpacks.select.lists import parse

    found = current(host, app)
    check_index(index)
    if bool(index) == bool(buildpack):
        raise UserError(
            "Please choose either a buildpack or an --index, and only one of them",
            hint=f"List them with their positions: dokkupy buildpacks:list {app}",
        )
    if index:
        if index > len(found):
            raise UserError(
                f"Invalid index {index}: {app} has {len(found)} buildpacks",
                hint=f"List them with their positions: dokkupy buildpacks:list {app}",
            )
        del found[index - 1]
    else:
        address = parse(buildpack)
        if address not in found:
            raise UserError(f"Buildpack not found: {address}", hint=f"List them: dokkupy buildpacks:list {app}")
        found.remove(address)
    change(host, "remove", app, found)


@group.command("clear", permission="app:write", mutating=True)
def clear(host: Host, app: App) -> None:
    """Remove all buildpacks of an app, so that the next build detects them."""
    if not current(host, app):
        host.out.warn(f"{app} has no buildpacks")
    change(host, "clear", app, [])


@group.command("list", permission="app:read")
def list_buildpacks(host: Host, app: App) -> CommandResult:
    """List the buildpacks of an app, in order."""
    found = current(host, app)
    indent = "" if getattr(host.out, "quiet", False) else " " * 7
    none = f"{indent}None is set, so its files choose them: buildpacks:detect {app}"
    return CommandResult(
        found, lines_or([indent + one for one in found], none), columns=[f"-----> {app} buildpack urls"]
    )


@group.command("detect", permission="app:read")
def detect(
    host: Host, app: App, *, branch: Annotated[str, Opt("--branch", help="Branch of the app's repository")] = ""
) -> CommandResult:
    """List the detected languages of an app's source, the most certain first. Nothing is built."""
    from dokkupy_buildpacks.preview import source_of
    from dokkupy_buildpacks.select.choose import certainties

    with source_of(host, app, branch) as tree:
        found = [{"name": name, "certainty": certainty} for certainty, name, _ in certainties(host, tree)]
    if not found:
        raise UserError(
            f"No buildpack can build the source of {app}",
            hint="Add the file that a language needs (requirements.txt, package.json, go.mod, index.html...), or a Dockerfile.",
        )
    return CommandResult(
        found, [f"{one['name']} ({one['certainty']})" for one in found], header=f"{app} detected buildpacks"
    )


@group.command("plan", permission="app:read")
def plan(
    host: Host,
    app: App,
    *,
    branch: Annotated[str, Opt("--branch", help="Branch of the app's repository")] = "",
    dockerfile: Annotated[bool, Opt("--dockerfile", help="Print only the Dockerfile")] = False,
) -> CommandResult:
    """Show how an app's source would be built: languages, versions, steps, Dockerfile. Nothing is built or fetched."""
    from dokkupy_buildpacks.preview import plan_facts, plan_lines, source_of

    with source_of(host, app, branch) as tree:
        facts = plan_facts(host, app, tree)
    if dockerfile:
        return CommandResult({"dockerfile": facts["dockerfile"]}, str(facts["dockerfile"]).splitlines())
    return CommandResult(facts, plan_lines(facts), header=f"{app} build plan")
