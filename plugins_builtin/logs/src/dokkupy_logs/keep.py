"""Stores the output of a container when it is removed, and moves and removes it with its app."""

from __future__ import annotations

import os
import shutil
import time
from datetime import UTC, datetime

from dokkupy_sdk import Host
from dokkupy_sdk.files import make_directory
from dokkupy_sdk.names import AppName
from dokkupy_sdk.roles import Container
from dokkupy_sdk.sizes import bytes_of
from dokkupy_sdk.times import seconds_of, stamp_of

from dokkupy_logs import kept
from dokkupy_logs.lines import parse_line, stamped
from dokkupy_logs.settings import SETTINGS


def keep(host: Host, container: Container) -> None:
    """Store a container's output if its app exists."""
    app = owner_of(host, container)
    if app is None:
        return
    label = container.labels
    dyno = label.get("com.dokku.dyno", "app.1")
    found = host.sessions().logs(container.id, timestamps=True)
    lines = stamped((parse_line(dyno, stream, data) for stream, data in found), container.created_at)
    release = label.get("dokkupy.release", "0")
    kept.write(host, app, label.get("dokkupy.kind", "run"), dyno, int(release), container.id, lines)
    prune(host, app)


def owner_of(host: Host, container: Container) -> AppName | None:
    """The app of a container. The label has the app's name at the time of creation. The caller knows about a rename
    meanwhile, and an app does not own containers that are older than itself."""
    from dokkupy_apps.rollout.retire import retiring

    if container.labels.get("dokkupy.kind") == "deploy":
        for app in host.store.apps():
            if any(one.id == container.id for one in retiring(host, app)):
                return app
    app = AppName(container.labels["dokkupy.app"])
    return app if host.store.has_app(app) and not is_older(host, app, container.created_at) else None


def is_older(host: Host, app: AppName, created_at: str) -> bool:
    from dokkupy_sdk.state import AppFile

    return bool(created_at) and created_at[:19] < host.store.load(AppFile, app).created_at[:19]


def prune(host: Host, app: AppName) -> list[kept.Kept]:
    """Remove lines beyond the app's limits."""
    values = SETTINGS.all(host.store, app)
    size = None if values["max-size"] == "unlimited" else bytes_of(values["max-size"])
    age = values["max-age"]
    since = "" if age == "unlimited" else stamp_of(datetime.fromtimestamp(time.time() - seconds_of(age), UTC))
    return kept.prune(host, app, size=size, since=since)


def prune_all(host: Host) -> None:
    """The timer's job, because lines also get too old if their app is not deployed any more."""
    for app in host.store.apps():
        prune(host, app)


def move(host: Host, *, old: str, new: str) -> None:
    """Move an app's stored lines to its new name. Idempotent."""
    source, target = kept.directory_of(host, old), kept.directory_of(host, new)
    try:
        names = os.listdir(source)
    except FileNotFoundError:
        return
    make_directory(target)
    for name in names:
        os.replace(os.path.join(source, name), os.path.join(target, name))
    os.rmdir(source)


def forget(host: Host, app: str) -> None:
    shutil.rmtree(kept.directory_of(host, app), ignore_errors=True)
