"""One app's bad file must not keep nginx from starting with all the others: it is set aside, and tried again later."""

from __future__ import annotations

import json
import os
import time

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, HostError
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.names import AppName

from dokkupy_nginx.config.claims import read_conf
from dokkupy_nginx.server.diagnose import Complaint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_nginx.proxy import NginxProxy


def paths(proxy: NginxProxy, app: AppName) -> tuple[str, str]:
    base = os.path.join(proxy.layout.quarantine, app)
    return base + ".conf", base + ".json"


def keep_aside(proxy: NginxProxy, app: AppName, complaint: Complaint) -> None:
    """Copy the live file of an app into quarantine with the reason; taking it out of the tree is the caller's."""
    make_directory(proxy.layout.quarantine, 0o750)
    proxy.layout.hand_over(proxy.layout.quarantine)
    conf, reason = paths(proxy, app)
    facts = {"said": complaint.said, "where": complaint.where, "cause": complaint.cause, "at": int(time.time())}
    write_atomic(conf, proxy.trees.text(app).encode())
    write_atomic(reason, json.dumps(facts).encode())
    proxy.layout.hand_over(conf)
    proxy.layout.hand_over(reason)
    proxy.host.out.warn(f"App {app} is not served: nginx refuses its configuration: {complaint.said}")
    for line in complaint.details:
        proxy.host.out.warn(line)
    try:
        proxy.host.events.record(
            "proxy_quarantined", subject=f"app:{app}", reason=complaint.said, where=complaint.where
        )
        for name in ("logs", "logs/events.log"):
            proxy.layout.hand_over(proxy.host.path(*name.split("/")))
    except OSError:
        pass


def quarantined(proxy: NginxProxy) -> dict[AppName, str]:
    """app -> why it was set aside."""
    try:
        names = sorted(os.listdir(proxy.layout.quarantine))
    except FileNotFoundError:
        return {}
    found = {}
    for name in names:
        if name.endswith(".json"):
            try:
                with open(os.path.join(proxy.layout.quarantine, name), "rb") as file:
                    found[AppName(name.removesuffix(".json"))] = str(json.load(file).get("said", ""))
            except (OSError, ValueError):
                continue
    return found


def forget(proxy: NginxProxy, app: AppName) -> None:
    """The app has a new file, or is gone."""
    for path in paths(proxy, app):
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass


def retry(proxy: NginxProxy) -> list[AppName]:
    """Restore what nginx accepts again (a certificate reappeared, a file of the host was fixed)."""
    back = []
    for app in quarantined(proxy):
        conf, _ = paths(proxy, app)
        try:
            with open(conf, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            forget(proxy, app)
            continue
        try:
            if proxy.restore(read_conf(app, text), text):
                back.append(app)
                forget(proxy, app)
                proxy.host.out.warn(f"App {app} is served again: nginx accepts its configuration now")
        except DokkupyError:
            continue
    return back


def clean(proxy: NginxProxy) -> dict[AppName, str]:
    """Set aside every app's file that nginx refuses, in the tree in force; does not reload. app -> reason.

    Fast when all is well: one `nginx -t`. Raises HostError when what is wrong is not in an app's file.
    """
    removed: dict[AppName, str] = {}
    with proxy.lock():
        if not proxy.trees.live:
            return removed
        while (complaint := proxy.refusal(proxy.trees.live)) is not None:
            if complaint.app is None:
                complaint = proxy.attribute(complaint, proxy.live_as_staged())
            app = complaint.app
            if app is None or app in removed or app not in proxy.trees.apps():
                raise HostError(
                    f"nginx refuses its configuration, and no app's file is the reason: {complaint.said}",
                    details=complaint.details,
                    code="proxy_refused",
                )
            keep_aside(proxy, app, complaint)
            proxy.take_out({app})
            removed[app] = complaint.said
        proxy.trees.sweep()
    return removed


def tick(host: Host) -> None:
    """The timer's part: what was set aside is tried again; an nginx that is down is made able to start."""
    proxy: NginxProxy = host.role("proxy", "nginx")
    if proxy.prepare().ready:
        from dokkupy_nginx.recovery.lost_tree import repair

        repair(proxy)
    if proxy.nginx.installed and proxy.nginx.pid() is None:
        clean(proxy)
    elif quarantined(proxy):
        retry(proxy)
