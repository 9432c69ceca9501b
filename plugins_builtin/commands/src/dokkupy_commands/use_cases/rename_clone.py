"""Copy apps: rename or clone, each as one operation with the serving image, without a build.

A rename replaces the old app's route and instances in one switch. Therefore no request is lost, and a killed rename has
happened completely or not at all. The old instances are retired by the records of the new app.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from dokkupy_apps.apps import finish_destroy, forget_all_but_processes, remove_app_directory
from dokkupy_apps.desired.domains import default_domains
from dokkupy_apps.desired.status import should_run
from dokkupy_apps.releases.from_state import with_state
from dokkupy_apps.releases.private_names import new_private_part
from dokkupy_apps.releases.records import (
    current,
    drop_image,
    next_release,
    numbers,
    read_release,
    release_tag,
    same_content,
    write_deployment,
    write_release,
)
from dokkupy_apps.rollout.converge import converge
from dokkupy_apps.rollout.failures import diagnosed
from dokkupy_apps.routing.waiting_page import update_waiting_page
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, UserError, as_errors
from dokkupy_sdk.events import stamp
from dokkupy_sdk.files import make_directory, sync_directory
from dokkupy_sdk.hooks import post_app_clone, post_app_rename
from dokkupy_sdk.model import Release
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call, operation
from dokkupy_sdk.secret_files import move_secrets
from dokkupy_sdk.source_store import source_store
from dokkupy_sdk.state import AppFile, DomainsFile, PortsFile
from dokkupy_sdk.state_files import state_files
from dokkupy_sdk.values import replace

NEVER_COPIED = ("deployment.toml", "failed.toml", "retire")
NOT_CLONED = ("releases", "certs.toml", "tls")


def rename_app(host: Host, old: AppName, new: AppName, *, deploy: bool = True) -> None:
    """Give an app a new name: state, releases, code, domains and certificates move.

    deploy=False: the renamed app has no processes until it is deployed.
    """
    with copying(host, "apps:rename", old, new) as tx:
        serving, _ = current(host, old)
        tx.step("copy the app's state", lambda: copy_state(host, old, new), undo=call(remove_app_directory, app=new))
        copy_code(tx, old, new)
        for number in numbers(host, old):
            tag_copy(tx, read_release(host, old, number), new)
        host.hooks.emit(post_app_rename, host=host, old=old, new=new, tx=tx)
        tx.describe_plan(f"destroy {old}")
        if serving is not None and deploy:
            bring_up(tx, serving, new, f"Renamed from {old}", replacing=old)
        else:
            tx.commit(after=(call(finish_destroy, app=old), call(update_waiting_page, app=new)))
    host.events.record("app_renamed", app=new, old=old)


def clone_app(host: Host, old: AppName, new: AppName, *, deploy: bool = True) -> None:
    """Copy an app's configuration, properties and code, but not its own domains, certificates, and https, tcp and udp
    ports."""
    with copying(host, "apps:clone", old, new) as tx:
        serving, _ = current(host, old)
        tx.step("copy the app's state", lambda: clone_state(host, old, new), undo=call(remove_app_directory, app=new))
        copy_code(tx, old, new)
        host.hooks.emit(post_app_clone, host=host, old=old, new=new, tx=tx)
        if serving is not None and deploy:
            bring_up(tx, serving, new, f"Cloned from {old}", replacing=new)
        else:
            tx.commit(after=(call(update_waiting_page, app=new),))
    host.events.record("app_cloned", app=new, old=old)


@contextmanager
def copying(host: Host, verb: str, old: AppName, new: AppName) -> Iterator[Transaction]:
    """The operation on both apps. Raises if the old app does not exist or the new one does. An error names no command about
    the new app if that was rolled back, and a cause is fixed in the old one."""
    host.store.require_app(old)
    if old == new:
        raise UserError("The two app names are the same")
    if host.store.has_app(new):
        raise Conflict(
            f"Name is already taken: app {new} exists",
            code="name_taken",
            hint="Choose another name: apps:list shows those that are taken.",
        )
    try:
        with operation(host, verb, f"app:{new}", also=(f"app:{old}",)) as tx:
            yield tx
    except BaseException as error:
        if not host.store.has_app(new):
            for one in as_errors(error):
                kept = [about(old, new, line) for line in one.hint.splitlines() if not line.startswith("See also:")]
                one.hint = "\n".join([*kept, f"{new} was removed again, and {old} is as it was."])
        raise


def about(old: AppName, new: AppName, line: str) -> str:
    """A line with the old app's name, because what fixes the cause has to be done to the app that is left."""
    import re

    return re.sub(rf"(?<![\w.-]){re.escape(new)}(?![\w.-])", old, line)


def copy_code(tx: Transaction, old: AppName, new: AppName) -> None:
    host = tx.host
    if host.offered("source") and source_store(host).has_code(old):
        tx.step("copy the code", lambda: source_store(host).copy(old, new), undo=call(forget_code, app=new))


def tag_copy(tx: Transaction, release: Release, new: AppName) -> None:
    tag = release_tag(tx.host, new, release.number)
    tx.step(
        f"keep the image of v{release.number}",
        lambda: tx.host.images().tag(release.image, tag),
        undo=call(drop_image, ref=tag),
    )


def bring_up(tx: Transaction, serving: Release, new: AppName, description: str, *, replacing: AppName) -> None:
    """Run the serving release under the new name. It stays the same release if its content did not change."""
    host = tx.host
    release = with_state(host, replace(serving, app=new))
    kept = read_release(host, new, serving.number) if serving.number in numbers(host, new) else None
    if kept is None or not same_content(kept, release):
        release = next_release(host, release, description)
        write_release(tx, release)
    if should_run(host, new):
        with diagnosed(host, new):  # before the rollback, which also removes what tells the cause
            converge(tx, release, release.formation, kind="restore", replaces=lambda _: True, replacing=replacing)
        forget = forget_all_but_processes  # the new instances drain the last instances of the old name
    else:
        write_deployment(tx, release, ())
        forget = finish_destroy
    if replacing != new:
        tx.follow(call(forget, app=replacing))


def copy_state(host: Host, old: AppName, new: AppName) -> None:
    """Copy the app's state files. `app.toml` is last, because with it the app exists."""
    copy_files(host, old, new, leave_out=NEVER_COPIED)
    rename_domains(host, old, new)
    record(host, old, new, created_at=host.store.load(AppFile, old).created_at or stamp())


def rename_domains(host: Host, old: AppName, new: AppName) -> None:
    """Rename the domains that come from the app's name, even if other domains were added to them."""
    domains = host.store.load(DomainsFile, new)
    if domains.vhosts is not None:
        follow = dict(zip(default_domains(host, old), default_domains(host, new), strict=False))
        names = dict.fromkeys(follow.get(name, name) for name in domains.vhosts)
        host.store.save(domains.replace(vhosts=tuple(names)), new)


def clone_state(host: Host, old: AppName, new: AppName) -> None:
    copy_files(host, old, new, leave_out=(*NEVER_COPIED, *NOT_CLONED))
    domains = host.store.load(DomainsFile, new)
    if domains.vhosts is not None:
        host.store.save(domains.replace(vhosts=None), new)
    ports = host.store.find(PortsFile, new)
    if ports is not None:
        # A tcp or udp port belongs to one app.
        rows = tuple(row for row in ports.map if not row.startswith(("https:443:", "tcp:", "udp:")))
        host.store.save(ports.replace(map=rows, allocated=None), new)
    record(host, old, new, created_at=stamp())


def record(host: Host, old: AppName, new: AppName, *, created_at: str) -> None:
    host.store.save(AppFile(created_at=created_at, private=new_private_part()), new)


def copy_files(host: Host, old: AppName, new: AppName, *, leave_out: tuple[str, ...]) -> None:
    source, target = host.store.directory("apps", old), host.store.directory("apps", new)
    shutil.rmtree(target, ignore_errors=True)
    make_directory(target)
    for name in sorted(os.listdir(source)):
        path = os.path.join(source, name)
        if name in leave_out or name == "app.toml" or name.endswith((".previous", ".tmp")):
            continue
        if os.path.isdir(path):
            shutil.copytree(path, os.path.join(target, name), symlinks=True)
        else:
            shutil.copy2(path, os.path.join(target, name), follow_symlinks=False)
    for path in state_files(host.store, os.path.join("apps", new)):
        _, _, *below = os.path.relpath(path, host.root).removesuffix(".toml").split(os.sep)
        if os.path.exists(path):
            move_secrets(host.store, ("apps", old, *below), ("apps", new, *below))
    sync_directory(target)


def forget_code(host: Host, *, app: str) -> None:
    source_store(host).forget(AppName(app))
