"""Apps: made, listed, renamed, cloned, locked and destroyed."""

from __future__ import annotations

import os
import shutil

from dokkupy import hookspecs
from dokkupy.errors import Conflict, UserError
from dokkupy.kernel.events import stamp
from dokkupy.kernel.files import make_directory, sync_directory
from dokkupy.kernel.host import Host
from dokkupy.kernel.operation import Tx, call, operation
from dokkupy.model.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def create_app(host: Host, app: AppName) -> None:
    """Create an app, or raise Conflict when the name is taken."""
    with operation(host, "apps:create", f"app:{app}") as tx:
        create_in(tx, app)
    host.events.record("app_created", app=app)


def create_in(tx: Tx, app: AppName) -> None:
    host = tx.host
    if host.store.has_app(app):
        raise Conflict(f"Name is already taken: app {app} exists", code="name_taken")
    host.hooks.emit(hookspecs.pre_app_create, host=host, app=app, tx=tx)
    tx.protect("make the app's directory", call(remove_app_directory, app=app))
    tx.write("apps", app, "app", data={"created_at": stamp()})
    host.hooks.emit(hookspecs.post_app_create, host=host, app=app, tx=tx)


def remove_app_directory(host: Host, app: str) -> None:
    """Remove an app's state: first its `app.toml`, so that it is gone at once, then the rest."""
    directory = host.store.directory("apps", AppName(app))
    try:
        os.unlink(os.path.join(directory, "app.toml"))
    except FileNotFoundError:
        pass
    shutil.rmtree(directory, ignore_errors=True)


def app_record(host: Host, app: AppName) -> dict[str, Any]:
    host.store.need_app(app)
    return host.store.read("apps", app, "app")


def update_record(tx: Tx, app: AppName, **facts: Any) -> None:
    tx.write("apps", app, "app", data={**tx.host.store.read("apps", app, "app"), **facts})


def need_unlocked(host: Host, app: AppName) -> None:
    """Raise Conflict when somebody locked the app against deploys (`apps:lock`)."""
    if app_record(host, app).get("locked"):
        raise Conflict(
            f"{app} currently has a deploy lock in place. Exiting...",
            details=("Run 'apps:unlock' to release the existing deploy lock",),
            code="locked",
        )


def destroy_app(host: Host, app: AppName) -> None:
    """Destroy an app with everything that it has. Until the commit nothing is taken away; after it everything is,
    if need be by the next command."""
    host.store.need_app(app)
    with operation(host, "apps:destroy", f"app:{app}") as tx:
        host.store.need_app(app)
        host.hooks.emit(hookspecs.pre_app_destroy, host=host, app=app, tx=tx)
        tx.foresee(
            f"take {app} out of the proxy", "remove its containers and network", "remove its code, images and state"
        )
        tx.commit(after=(call(finish_destroy, app=app),))
    host.events.record("app_destroyed", app=app)


def finish_destroy(host: Host, app: str) -> None:
    """What follows the decision to destroy: traffic first, then containers, code, images, state."""
    name = AppName(app)
    if "proxy" in roles_at_hand(host):
        host.proxy(name).apply([], remove=[name])
    if "scheduler" in roles_at_hand(host):
        host.scheduler(name).forget(name)
    if "source" in roles_at_hand(host):
        host.sources().forget(name)
    if "engine" in roles_at_hand(host):
        engine = host.engine()
        for _, tags, _size in engine.images({"com.dokku.app-name": app}):
            for tag in tags:
                engine.remove_image(tag)
    host.hooks.emit(hookspecs.post_app_destroy, host=host, app=name)
    shutil.rmtree(host.path("builds", app), ignore_errors=True)
    remove_app_directory(host, app)


def roles_at_hand(host: Host) -> set[str]:
    """The roles that some plugin fills: an app can be destroyed with what is installed."""
    from dokkupy.errors import HostFault

    found = set()
    for role in ("engine", "scheduler", "proxy", "source"):
        try:
            host.only(role)
            found.add(role)
        except HostFault:
            pass
    return found


def rename_app(host: Host, old: AppName, new: AppName) -> None:
    """Give an app a new name: state, code and settings move, the processes are started anew under it.

    The move is one rename of the app's directory. The old app serves until the new one's deploy has switched.
    """
    clone_or_rename(host, old, new, rename=True)


def clone_app(host: Host, old: AppName, new: AppName) -> None:
    """Copy an app: configuration, properties, code; not its custom domains, certificates or https ports."""
    clone_or_rename(host, old, new, rename=False)


def clone_or_rename(host: Host, old: AppName, new: AppName, *, rename: bool) -> None:
    host.store.need_app(old)
    if old == new:
        raise UserError("The two app names are the same")
    verb = "apps:rename" if rename else "apps:clone"
    if host.store.has_app(new):
        raise Conflict(f"Name is already taken: app {new} exists", code="name_taken")
    with operation(host, verb, f"app:{new}") as tx:
        host.hooks.emit(hookspecs.pre_app_create, host=host, app=new, tx=tx)
        tx.step("copy the app's state", lambda: copy_state(host, old, new), undo=call(remove_app_directory, app=new))
        if "source" in roles_at_hand(host) and host.sources().has_code(old):
            tx.step("copy the code", lambda: host.sources().copy(old, new), undo=call(forget_code, app=new))
        host.hooks.emit(hookspecs.post_app_clone, host=host, old=old, new=new, tx=tx)
        if rename:
            host.hooks.emit(hookspecs.post_app_rename, host=host, old=old, new=new, tx=tx)


NOT_COPIED = ("deployment.toml", "failed.toml", "retire", "releases", "certs.toml", "tls")


def copy_state(host: Host, old: AppName, new: AppName) -> None:
    """Copy the state files that belong to any copy of the app; `app.toml` last, which makes the app exist."""
    source, target = host.store.directory("apps", old), host.store.directory("apps", new)
    shutil.rmtree(target, ignore_errors=True)
    make_directory(target)
    for name in sorted(os.listdir(source)):
        path = os.path.join(source, name)
        if name in NOT_COPIED or name == "app.toml" or name.endswith((".previous", ".tmp")) or not os.path.isfile(path):
            continue
        shutil.copy2(path, os.path.join(target, name))
    record = host.store.read("apps", old, "app")
    record.pop("locked", None)
    host.store.write("apps", new, "app", data={**record, "created_at": stamp()})
    domains = host.store.read("apps", new, "domains")
    if domains.pop("vhosts", None) is not None:
        host.store.write("apps", new, "domains", data=domains)
    ports = host.store.read("apps", new, "ports")
    if ports:
        ports["map"] = [row for row in ports.get("map", []) if not row.startswith("https:443:")]
        ports.pop("allocated", None)
        host.store.write("apps", new, "ports", data=ports)
    sync_directory(target)


def forget_code(host: Host, app: str) -> None:
    host.sources().forget(AppName(app))


def set_locked(host: Host, app: AppName, locked: bool) -> None:
    host.store.need_app(app)
    with operation(host, "apps:lock" if locked else "apps:unlock", f"app:{app}") as tx:
        update_record(tx, app, locked=locked)
