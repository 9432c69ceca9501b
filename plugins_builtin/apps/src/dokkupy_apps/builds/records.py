"""A record and a log of each build, in `builds/<app>/<id>.{json,log}` (reference, section 1.5)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dokkupy_sdk import Host, locks
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.audit import stamp
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction

from dokkupy_apps.desired.properties import BUILDS


@contextmanager
def recorded(host: Host, app: AppName, identifier: str, *, kind: str, source: str) -> Iterator[None]:
    """Record a build or deploy, and everything that it prints."""
    if host.dry_run:
        yield
        return
    directory = host.path("builds", app)
    make_directory(directory)
    facts: dict[str, Any] = {
        "id": identifier,
        "app": str(app),
        "kind": kind,
        "pid": os.getpid(),
        "started_at": stamp(),
        "finished_at": "",
        "status": "running",
        "source": source,
        "exit_code": None,
        "began": time.time(),
    }
    path = os.path.join(directory, identifier)
    write_record(path, facts)
    with open(path + ".log", "a", encoding="utf-8", errors="replace", buffering=1) as log:
        before, host.out.log = host.out.log, log
        status, code = "failed", 1
        try:
            yield
            status, code = "succeeded", 0
        except BaseException as error:
            code = int(getattr(error, "exit_code", 1))
            if code > 128:
                status = "canceled"
            log.write(f" !     {getattr(error, 'message', error)}\n")
            raise
        finally:
            host.out.log = before
            try:
                write_record(path, {**facts, "status": status, "exit_code": code, "finished_at": stamp()})
                prune_builds(host, app)
            except OSError as error:
                host.out.warn(f"The record of the build could not be completed: {error.strerror}")


def write_record(path: str, facts: dict[str, Any]) -> None:
    write_atomic(path + ".json", json.dumps(facts).encode(), mode=0o640)


def builds_of(host: Host, app: AppName) -> list[dict[str, Any]]:
    """The records of an app, newest first. A build whose process died is `abandoned`."""
    directory = host.path("builds", app)
    try:
        names = sorted((n for n in os.listdir(directory) if n.endswith(".json")), reverse=True)
    except FileNotFoundError:
        return []
    holder = locks.holder(host.root, f"app:{app}")
    found = []
    for name in names:
        with open(os.path.join(directory, name), "rb") as file:
            facts = json.load(file)
        if facts["status"] == "running" and holder.get("pid") != facts["pid"]:
            facts["status"] = "abandoned"
        found.append(facts)
    return found


def prune_builds(host: Host, app: AppName) -> list[str]:
    directory = host.path("builds", app)
    keep = int(BUILDS.get(host.store, app, "retention"))
    doomed = [facts["id"] for facts in builds_of(host, app)[keep:] if facts["status"] != "running"]
    for identifier in doomed:
        host.act(f"remove the record of the build {identifier}", lambda: remove_record(directory, identifier))  # noqa: B023
    return doomed


def remove_record(directory: str, identifier: str) -> None:
    for suffix in (".json", ".log"):
        try:
            os.unlink(os.path.join(directory, identifier + suffix))
        except FileNotFoundError:
            pass


def purge_cache(tx: Transaction, app: AppName) -> None:
    """Remove the builders' caches for the app's next build."""
    tx.host.hooks.emit(hookspecs.post_cache_purge, host=tx.host, app=app, tx=tx)
