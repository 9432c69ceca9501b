"""Sets aside one app's bad file, which would prevent nginx from starting for all others, and tries it again later."""

from __future__ import annotations

import json
import os
import time

from dokkupy_sdk.errors import DokkupyError, HostError
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.names import AppName

from dokkupy_nginx.config.claims import read_conf
from dokkupy_nginx.configuration import Configuration
from dokkupy_nginx.server.diagnose import Complaint


def paths(served: Configuration, app: AppName) -> tuple[str, str]:
    base = os.path.join(served.layout.quarantine, app)
    return base + ".conf", base + ".json"


def keep_aside(served: Configuration, app: AppName, complaint: Complaint) -> None:
    """Copy the current file of an app into quarantine, with the reason. The caller removes it from the tree."""
    make_directory(served.layout.quarantine, 0o750)
    served.layout.hand_over(served.layout.quarantine)
    conf, reason = paths(served, app)
    facts = {"message": complaint.message, "where": complaint.where, "cause": complaint.cause, "at": int(time.time())}
    write_atomic(conf, served.trees.text(app).encode())
    write_atomic(reason, json.dumps(facts).encode())
    served.layout.hand_over(conf)
    served.layout.hand_over(reason)
    served.host.out.warn(f"App {app} is not served: nginx refuses its configuration: {complaint.message}")
    for line in complaint.details:
        served.host.out.warn(line)
    try:
        served.host.events.record(
            "proxy_quarantined", subject=f"app:{app}", reason=complaint.message, where=complaint.where
        )
        for name in ("logs", "logs/events.log"):
            served.layout.hand_over(served.host.path(*name.split("/")))
    except OSError:
        pass


def quarantined(served: Configuration) -> dict[AppName, str]:
    """App -> why its file was set aside."""
    try:
        names = sorted(os.listdir(served.layout.quarantine))
    except FileNotFoundError:
        return {}
    found = {}
    for name in names:
        if name.endswith(".json"):
            try:
                with open(os.path.join(served.layout.quarantine, name), "rb") as file:
                    found[AppName(name.removesuffix(".json"))] = str(json.load(file).get("message", ""))
            except (OSError, ValueError):
                continue
    return found


def forget(served: Configuration, app: AppName) -> None:
    """Delete an app's file in quarantine, because the app has a new one or is gone."""
    for path in paths(served, app):
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass


def retry(served: Configuration) -> list[AppName]:
    """Restore the files that nginx accepts again, because a certificate reappeared or a file of the host was fixed."""
    back = []
    for app in quarantined(served):
        conf, _ = paths(served, app)
        try:
            with open(conf, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            forget(served, app)
            continue
        try:
            if served.restore(read_conf(app, text), text):
                back.append(app)
                forget(served, app)
                served.host.out.warn(f"App {app} is served again: nginx now accepts its configuration")
        except DokkupyError:
            continue
    return back


def clean(served: Configuration) -> dict[AppName, str]:
    """Set aside every app's file in the current tree that nginx refuses. Does not reload. Returns app -> reason.

    A single `nginx -t` if nothing is wrong. Raises HostError if the fault is not in an app's file.
    """
    removed: dict[AppName, str] = {}
    with served.lock():
        if not served.trees.live:
            return removed
        while (complaint := served.refusal(served.trees.live)) is not None:
            if complaint.app is None:
                complaint = served.attribute(complaint, served.live_as_staged())
            app = complaint.app
            if app is None or app in removed or app not in served.trees.apps():
                raise HostError(
                    f"nginx refuses its configuration, but not because of an app's file: {complaint.message}",
                    details=complaint.details,
                    code="proxy_refused",
                    hint="Correct what the message names, then check: sudo nginx -t",
                )
            keep_aside(served, app, complaint)
            served.take_out({app})
            removed[app] = complaint.message
        served.trees.sweep()
    return removed
