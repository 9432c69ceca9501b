"""The formation: how many instances of each process type should run."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.state import FormationFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dokkupy_sdk.model import Formation, Instance, Release
    from dokkupy_sdk.state import ReleaseSummary

RELEASE = ProcessType("release")
"""The process type of the Procfile's release command. It is a task and never has instances."""

WEB = ProcessType("web")


def web_missing(host: Host, release: Release, formation: Formation) -> str:
    """Why no web process would run, with the command or the line that changes it. Empty if one would run."""
    app = release.app
    if formation.get(WEB, 0):
        return ""
    if WEB not in release.processes:
        types = ", ".join(release.processes) or "none"
        near = next((name for name in release.processes if name.lower() == WEB), None)
        cure = f"write `{WEB}:` for `{near}:`" if near else f"add a line `{WEB}: COMMAND`"
        return f"the Procfile of {app} has no process type {WEB} (it has: {types}); {cure}"
    if WEB not in stored_scale(host, app) or is_locked(host, app, release):
        return f"app.json of {app} sets the quantity of {WEB} to 0; change it in formation.{WEB}.quantity"
    return f"{WEB} of {app} is scaled to 0; `ps:scale {app} {WEB}=1` starts one"


def nothing_runs(release: Release, formation: Formation) -> str:
    """The message if no process runs at all; empty if one runs."""
    if any(formation.values()):
        return ""
    first = next((name for name in release.processes if name != RELEASE), WEB)
    return f"No process of {release.app} runs. Start one: `ps:scale {release.app} {first}=1`"


def require_web_kept(host: Host, release: Release, serving: Sequence[Instance]) -> None:
    """Raises AppError for a deploy that would remove the web process of an app that serves.

    To remove it on purpose, run `ps:scale APP web=0` or `ps:stop APP` first.
    """
    from dokkupy_sdk.errors import AppError

    from dokkupy_apps.desired.status import should_run

    app = release.app
    if not any(one.process == WEB for one in serving) or not should_run(host, app):
        return
    if stored_scale(host, app).get(WEB) == 0 and not is_locked(host, app, release):
        return
    reason = web_missing(host, release, release.formation)
    if reason:
        ask = "ps:stop" if is_locked(host, app, release) else "ps:scale"
        command = f"{ask} {app}" + (f" {WEB}=0" if ask == "ps:scale" else "")
        raise AppError(
            f"With this release, {app} would no longer serve: {reason}",
            code="web_lost",
            hint=f"If that is what you want, run `{command}` first, then deploy again.",
        )


def require_room(host: Host, app: AppName, wanted: Mapping[ProcessType, int], before: int) -> None:
    """Raises UserError for more processes than an app may have on this host. before: how many it had. What it has it keeps,
    because the limit may be newer."""
    from dokkupy_apps.desired.properties import APPS

    count = sum(wanted.values())
    most = int(APPS.get(host.store, app, "max-processes"))
    if count > max(most, before):
        raise UserError(
            f"{app} would have {count} processes, and it may have at most {most}",
            code="too_many_processes",
            hint=f"Choose fewer, or ask an admin for: dokkupy apps:set {app} max-processes {count}",
        )


def stored_scale(host: Host, app: AppName) -> dict[ProcessType, int]:
    return dict(host.store.load(FormationFile, app).scale)


def source_formation(host: Host, app: AppName, release: Release | ReleaseSummary) -> dict[ProcessType, int]:
    """The quantities that the source of a release gives (app.json). With any, those that it leaves out are 0."""
    from dokkupy_sdk import hooks as hookspecs

    facts = host.hooks.gather(
        hookspecs.release_formation, host=host, app=app, files=release.files, settings=release.settings
    )
    return {ProcessType(name): count for _, (name, count) in facts}


def locks_scale(host: Host, app: AppName) -> bool:
    """Whether quantities of the source win over those of `ps:scale`, as in Dokku."""
    from dokkupy_apps.desired.properties import LOCK, PS

    return PS.get(host.store, app, "app-json-scale") == LOCK


def is_locked(host: Host, app: AppName, release: Release | ReleaseSummary) -> bool:
    """Whether `ps:scale` is refused."""
    return locks_scale(host, app) and bool(source_formation(host, app, release))


def wanted_formation(host: Host, app: AppName, release: Release | ReleaseSummary) -> Formation:
    """Process type -> quantity, for all types: as scaled, else as the source gives it, else one web.

    Where the source locks the scale, it comes first.
    """
    types = [process for process in release.processes if process != RELEASE]
    given = source_formation(host, app, release)
    if not given:
        return as_scaled(host, app, types)
    scale = {} if locks_scale(host, app) else stored_scale(host, app)
    return {process: scale.get(process, given.get(process, 0)) for process in types}


def as_scaled(host: Host, app: AppName, types: Iterable[ProcessType]) -> Formation:
    """Process type -> quantity, where the source gives none."""
    scale = stored_scale(host, app)
    return {process: scale.get(process, 1 if process == WEB else 0) for process in types}


def scale_note(host: Host, release: Release) -> str:
    """Which quantities of `ps:scale` a deploy keeps although app.json gives others; empty without any."""
    app = release.app
    given = source_formation(host, app, release)
    if not given or locks_scale(host, app):
        return ""
    scale = stored_scale(host, app)
    kept = {
        name: scale[name] for name in release.processes if scale.get(name, given.get(name, 0)) != given.get(name, 0)
    }
    if not kept:
        return ""
    stays = ", ".join(f"{name}={count} (app.json: {given.get(name, 0)})" for name, count in kept.items())
    reset = " ".join(f"{name}=default" for name in kept)
    return f"Keeping what ps:scale set: {stays}. To follow app.json: ps:scale {app} {reset}"
