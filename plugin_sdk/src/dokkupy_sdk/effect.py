"""When a change of an app's state is in force: at once, by the proxy, or with a later command; and what is pending.

A release is compared with the state: what a release keeps of the settings is what its instances run with.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

from dokkupy.errors import StateError
from dokkupy.kernel.settings import RESTART, ROUTE, Applies
from dokkupy.usecases.state_mark import state_mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dokkupy.host import Host
    from dokkupy.kernel.settings import Settings
    from dokkupy.model.names import AppName
    from dokkupy.transaction import Transaction
    from dokkupy.usecases.look import Reach


def has_deployment(host: Host, app: AppName | None) -> bool:
    """Whether the app (None: any app) is deployed, also where its record is broken."""
    apps = [app] if app is not None else host.store.apps()
    return any(os.path.exists(host.store.path("apps", one, "deployment")) for one in apps)


def announce_effect(host: Host, app: AppName | None, applies: Applies = RESTART) -> None:
    """Print with which command a change takes effect; nothing where it is in force, or where no app is deployed."""
    if applies.moment and has_deployment(host, app) and not getattr(host.out, "quiet", False):
        command = applies.command.replace("{app}", app or "--all")
        host.out.detail(f"takes effect with {applies.moment}" + (f"; now: {command}" if command else ""))


def announce_setting(host: Host, settings: Settings, name: str, app: AppName | None) -> None:
    """Print with which command a property that was set or unset takes effect; nothing where its value is in force."""
    prop = settings.properties[name]
    if app is None or not prop.is_kept or name in pending_settings(host, app, settings):
        announce_effect(host, app, prop.applies)


def pending_settings(host: Host, app: AppName, settings: Settings) -> dict[str, tuple[str, str]]:
    """Property -> (value in force, value set) of those that the serving release does not have yet.

    A secret one, which no release keeps, is never among them.
    """
    from dokkupy.usecases.release_records import serving_summary

    release = serving_summary(host, app)
    if release is None:
        return {}
    kept = release.settings.get(settings.namespace, {})
    found = {}
    try:
        values = settings.all(host.store, app)
    except StateError as fault:  # another property; the deploy will refuse it
        host.out.warn(f"{fault.message}. {fault.hint}")
        return {}
    for name, value in values.items():
        prop = settings.properties[name]
        in_force = kept.get(name) or prop.default.replace("{app}", app)
        if prop.is_kept and value != in_force:
            found[name] = (in_force, value)
    return found


def pending_options(host: Host, app: AppName) -> dict[str, str]:
    """Process type -> `options in force -> options set`, of the docker options that its instances do not have yet."""
    from dokkupy.usecases.deploy import options
    from dokkupy.usecases.formation import RELEASE
    from dokkupy.usecases.releases import current

    release, _ = current(host, app)
    found = {}
    if release is None:
        return {}
    for process in (name for name in release.processes if name != RELEASE):
        before, after = release.deploy_options(process), options(host, app, "deploy", process)
        if before != after:
            found[str(process)] = f"{' '.join(before) or 'none'} -> {' '.join(after) or 'none'}"
    return found


@contextmanager
def changing(host: Host, verb: str, app: AppName | None, applies: Applies, *, unsets: bool) -> Iterator[Transaction]:
    """The operation in which a property is set. What the proxy reads is applied before the operation ends."""
    from dokkupy.kernel.operation import operation
    from dokkupy.kernel.transaction import call
    from dokkupy.usecases.look import reach_before
    from dokkupy.usecases.reroute import reroute_idle

    from dokkupy_sdk.traffic import refused_before

    # Whatever an earlier operation left undone, a property can be put right: it may be the reason.
    if applies is not ROUTE:
        with operation(host, verb, f"app:{app}" if app is not None else "host", takes_away=True) as tx:
            yield tx
        return
    with operation(host, verb, f"app:{app}" if app is not None else "host", takes_away=True) as tx:
        served = has_deployment(host, app)
        # Asked for when it counts, of the state as it is now: what was refused before is not this value's fault.
        apps = () if not served else (app,) if app is not None else tuple(host.store.apps())
        deployed = [one for one in apps if has_deployment(host, one)]
        before = [refused_before(host, one) for one in deployed]
        reached = {one: reach_before(host, one) for one in deployed}
        if served and not unsets:
            tx.register_undo("route", call(reroute_idle, app=app or ""))
        yield tx
        if served:
            tx.step("switch the proxy", lambda: reroute_after(host, app, reached, unsets=unsets, before=before))


def reroute_after(
    host: Host,
    app: AppName | None,
    reached: Mapping[AppName, Reach | None],
    *,
    unsets: bool,
    before: Sequence[Callable[[], bool]],
) -> None:
    """Let the proxy follow, and ask for each app that was `reached` before through it.

    What is unset stays unset although the proxy refuses what is left; so does what is set where it refused what was
    there before, too."""
    from dokkupy.errors import DokkupyError, Interrupted, messages
    from dokkupy.kernel import locks
    from dokkupy.usecases.look import require_reached
    from dokkupy.usecases.reroute import reroute_idle

    try:
        reroute_idle(host, app or "")
    except Interrupted:
        raise
    except Exception as error:
        if not unsets and not any(refused() for refused in before):
            raise
        host.out.warn(
            f"It is done, and the proxy serves as before, because it refuses what is left: {'; '.join(messages(error))}"
        )
        return
    for one, was in reached.items():
        if one != app and locks.holder(host.root, f"app:{one}"):
            continue  # another operation looks at it itself
        try:
            require_reached(host, one, was, is_kept=unsets)
        except DokkupyError as error:
            if not unsets:
                raise
            host.out.warn(f"It is done. {error.message}: {'; '.join(error.details)}")


__all__ = ["announce_effect", "announce_setting", "pending_options", "pending_settings", "state_mark"]
