"""The commands of the namespace `checks`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host
from dokkupy_sdk.errors import AppError, UserError
from dokkupy_sdk.names import AppName, ProcessType

from dokkupy_checks.settings import ALL, SETTINGS, types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk.model import Instance

group = Group("checks", "Manage the health checks of apps")


def lists(host: Host, app: AppName | None) -> dict[str, str]:
    if app is None:
        return {}
    return {
        "disabled-list": SETTINGS.raw(host.store, app, "disabled") or "none",
        "skipped-list": SETTINGS.raw(host.store, app, "skipped") or "none",
    }


BEYOND = ("attempts", "default-wait", "max-wait", "timeout", "wait")
"""What Dokku's report does not have."""

add_property_commands(group, SETTINGS, extra=lists, beyond=BEYOND)

Types = Annotated[str, Arg("process-types", "Process types separated by commas, or _all_")]


def change(host: Host, app: AppName, verb: str, title: str, *, add: str, listed: str) -> None:
    """Add process types to one of the lists and remove them from the other, or with add="" remove them from both."""
    from dokkupy_apps.settings.effect import announce_setting
    from dokkupy_apps.settings.process_types import warn_of_unknown_types
    from dokkupy_sdk.operation import operation

    host.store.require_app(app)
    wanted = types(listed) or ALL
    changed: list[str] = []
    with operation(host, f"checks:{verb}", f"app:{app}", takes_away=not add) as tx:
        for name in ("disabled", "skipped"):
            before = SETTINGS.raw(host.store, app, name)
            after = joined(before, wanted) if name == add else without(before, wanted)
            if after != before:
                SETTINGS.set(tx, app, name, after)
                changed.append(name)
    host.out.section(f"{title} checks for app ({app})")
    for name in changed[:1]:
        announce_setting(host, SETTINGS, name, app)
    if add and wanted != ALL:
        warn_of_unknown_types(host, app, wanted.split(","))


def joined(before: str, added: str) -> str:
    if ALL in (before, added):
        return ALL
    return types(f"{before},{added}")


def without(before: str, taken: str) -> str:
    """A list without these types. From `_all_` only `_all_` can be removed, because the set of types may change."""
    if taken == ALL:
        return ""
    if before == ALL:
        return ALL
    gone = taken.split(",")
    return ",".join(name for name in before.split(",") if name and name not in gone)


@group.command("enable", permission="app:write", mutating=True)
def enable(host: Host, app: AppName, process_types: Types = ALL) -> None:
    """Enable checks; deploys have zero downtime."""
    if types(process_types) != ALL and ALL in lists(host, app).values():
        raise UserError(
            f"Checks of {app} are disabled for all process types", hint=f"Enable all first: dokkupy checks:enable {app}"
        )
    change(host, app, "enable", "Enabling", add="", listed=process_types)


@group.command("disable", permission="app:write", mutating=True)
def disable(host: Host, app: AppName, process_types: Types = ALL) -> None:
    """Disable checks and stop old instances before new ones start."""
    change(host, app, "disable", "Disabling", add="disabled", listed=process_types)
    host.out.detail("Old instances stop before new ones start, so the app is down during each deploy")


@group.command("skip", permission="app:write", mutating=True)
def skip(host: Host, app: AppName, process_types: Types = ALL) -> None:
    """Skip checks; deploys still have zero downtime."""
    change(host, app, "skip", "Skipping", add="skipped", listed=process_types)


@group.command("run", permission="app:write")
def run(
    host: Host,
    app: AppName,
    which: Annotated[str, Arg("process-type[.N],...", complete="dokkupy_apps.completers:process_types")] = "",
) -> CommandResult:
    """Run the checks against the running instances.

    checks:run blog
    """
    from dokkupy_apps.releases.records import current

    from dokkupy_checks.hooks import check

    host.store.require_app(app)
    release, instances = current(host, app)
    if release is None:
        raise AppError(f"App {app} has not been deployed", code="not_deployed")
    chosen = choose(app, instances, which)
    host.out.section(f"Running checks of {app} {which or 'in all process types'}")
    check(host, release, chosen)
    host.out.section("All checks passed")
    return CommandResult({"app": app, "checked": [one.dyno for one in chosen], "passed": True})


def choose(app: AppName, instances: Sequence[Instance], which: str) -> list[Instance]:
    """The instances that a comma list of `type` or `type.N` names. Raises UserError where one names none."""
    wanted = [name.strip() for name in which.split(",") if name.strip()]
    if not wanted or ALL in wanted:
        return list(instances)
    found = [one for name in wanted for one in chosen(app, instances, name)]
    return list(dict.fromkeys(found))


def chosen(app: AppName, instances: Sequence[Instance], which: str) -> list[Instance]:
    name, dot, number = which.partition(".")
    process = ProcessType(name)
    found = [one for one in instances if one.process == process]
    if not found:
        raise UserError(
            f"Invalid process type specified: {app} runs no {process}", hint=f"List what runs: ps:report {app}"
        )
    if dot:
        if not (number.isascii() and number.isdigit()):
            raise UserError(
                f"Invalid container index specified: {number[:20]!r} is not a number",
                hint=f"Give a process type, or one instance as {process}.1",
            )
        found = [one for one in found if one.index == int(number[:9])]
        if not found:
            raise UserError(
                f"Invalid container index specified: {app} runs no {process}.{int(number[:9])}",
                hint=f"List what runs: ps:report {app}",
            )
    return found
