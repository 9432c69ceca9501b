"""Create, lock and destroy apps."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.audit import stamp
from dokkupy_sdk.errors import Conflict, HostError, StateError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call, forget_unfinished, operation
from dokkupy_sdk.state import AppFile, lost_record

from dokkupy_apps.releases.private_names import new_private_part
from dokkupy_apps.routing.waiting_page import update_waiting_page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dokkupy_sdk.roles import Images


def create_app(host: Host, app: AppName) -> None:
    """Create an app, or raise Conflict when the name is taken."""
    with operation(host, "apps:create", f"app:{app}") as tx:
        create_in(tx, app)
        tx.commit(after=(call(update_waiting_page, app=app),))
    host.events.record("app_created", app=app)


def create_in(tx: Transaction, app: AppName) -> None:
    host = tx.host
    if host.store.has_app(app):
        raise Conflict(
            f"Name is already taken: app {app} exists",
            code="name_taken",
            hint="Choose another name: apps:list shows those that are taken.",
        )
    if host.store.has_traces(app):
        raise lost_record(host.store.path("apps", app, "app"), app)
    tx.register_undo("create the app's directory", call(remove_app_directory, app=app))
    tx.describe_plan(f"create the app {app}")
    tx.save(AppFile(created_at=stamp(), private=new_private_part()), app)


def remove_app_directory(host: Host, *, app: str) -> None:
    """Remove an app's state: first its `app.toml`, after which the app no longer exists, then the rest."""
    directory = host.store.directory("apps", AppName(app))
    try:
        os.unlink(os.path.join(directory, "app.toml"))
    except FileNotFoundError:
        pass
    import shutil

    shutil.rmtree(directory, ignore_errors=True)


def app_record(host: Host, app: AppName) -> AppFile:
    return host.store.load(AppFile, host.store.require_app(app))


def require_unlocked(host: Host, app: AppName) -> None:
    """Raise Conflict when somebody locked the app against deploys (`apps:lock`)."""
    if app_record(host, app).locked:
        raise Conflict(
            f"{app} currently has a deploy lock in place. Exiting...",
            details=("Run 'apps:unlock' to release the existing deploy lock",),
            code="locked",
        )


def destroy_app(host: Host, app: AppName) -> None:
    """Destroy an app and everything that belongs to it. Nothing is removed before the commit. After the commit
    everything is removed; if this process is killed, the next command continues. A broken state of the app does not
    prevent it. The engine and the proxy must be reachable if they hold something of the app."""
    require_traces(host, app)
    with operation(host, "apps:destroy", f"app:{app}", takes_away=True) as tx:
        require_traces(host, app)
        host.hooks.emit(hookspecs.pre_app_destroy, host=host, app=app, tx=tx)
        if host.dry_run:
            describe_destruction(tx, app)
        tx.commit(after=(call(finish_destroy, app=app),))
    forget_unfinished(host, f"app:{app}", but=tx.id)
    host.events.record("app_destroyed", app=app)


def describe_destruction(tx: Transaction, app: AppName) -> None:
    """Describe to a dry run what would be lost, as far as the app's state can be read."""
    from dokkupy_apps.desired.domains import domains_of
    from dokkupy_apps.releases.records import current, numbers

    host = tx.host
    domains, processes, count = "", "", 0
    try:
        count = len(numbers(host, app))
        domains = ", ".join(domains_of(host, app))
        processes = ", ".join(one.dyno for one in current(host, app)[1])
    except StateError:
        pass
    tx.describe_plan(
        f"take {app} out of the proxy" + (f": {domains}" if domains else ""),
        "remove its containers and network" + (f": {processes}" if processes else ""),
        "remove its code, images and state" + (f": {count} release{'s'[: count != 1]}" if count else ""),
    )


def require_traces(host: Host, app: AppName) -> None:
    if not host.store.has_traces(app):
        host.store.require_app(app)


def finish_destroy(host: Host, *, app: str) -> None:
    """Remove the traffic first, then containers, code, images and state.

    Runs after the commit. Idempotent. It calls every available adapter, because the selected one may be uninstalled or
    may have changed.
    """
    name = AppName(app)
    for proxy in host.adapters("proxy"):
        try:
            proxy.announce(name, (), "")
            proxy.apply([], remove=[name])
        except HostError as fault:
            if fault.code != "proxy_down":
                raise
            host.out.warn(f"{fault.message}. The proxy stops serving {app} when it accepts its configuration again")
    for scheduler in host.adapters("scheduler"):
        with_what_is_installed(host, scheduler, lambda one: one.forget(name))
    forget_all_but_processes(host, app=app)


def forget_all_but_processes(host: Host, *, app: str) -> None:
    """Remove code, images, records and state. Idempotent."""
    name = AppName(app)
    for source in host.adapters("source"):
        with_what_is_installed(host, source, lambda one: one.forget(name))
    for engine in host.adapters("engine"):
        with_what_is_installed(host, engine, lambda one: remove_images(one.images, name))
    faults = host.hooks.emit_to_all(hookspecs.post_app_destroy, host=host, app=name)
    import shutil

    shutil.rmtree(host.path("builds", app), ignore_errors=True)
    remove_app_directory(host, app=app)
    for fault in faults:
        host.out.warn(f"{app} is destroyed, but a plugin may have left parts of it behind: {fault.message}")


def with_what_is_installed(host: Host, adapter: Any, do: Callable[[Any], None]) -> None:
    """Call `do` with an adapter. An error is only a warning if the adapter's program is not installed (any more),
    because then nothing of it can be left."""
    try:
        do(adapter)
    except HostError as fault:
        if adapter.prepare().state != "not-installed":
            raise
        host.out.warn(fault.message)


def remove_images(images: Images, app: AppName) -> None:
    """Remove an app's images, which are found by name. Labels would be wrong: the image of a renamed or cloned app has
    the label of the app that it was built for."""
    from dokkupy_apps.releases.records import REPOSITORY

    for tag in [tag for _, tags, _ in images.find_all({}) for tag in tags if tag.startswith(REPOSITORY.format(app))]:
        images.remove(tag)


def set_locked(host: Host, app: AppName, locked: bool) -> None:
    host.store.require_app(app)
    with operation(host, "apps:lock" if locked else "apps:unlock", f"app:{app}", takes_away=not locked) as tx:
        tx.save(host.store.load(AppFile, app).replace(locked=locked), app)
