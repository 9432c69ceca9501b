"""The findings of `dokkupy doctor` about nginx."""

from __future__ import annotations

import os

from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Finding

from dokkupy_nginx.config.claims import hidden_on
from dokkupy_nginx.inspect.host_config import survey
from dokkupy_nginx.inspect.sockets import held_for_udp, listened_on
from dokkupy_nginx.proxy import NginxProxy
from dokkupy_nginx.recovery.quarantine import quarantined
from dokkupy_nginx.settings import SETTINGS
from dokkupy_nginx.setup import capacity
from dokkupy_nginx.setup.install import INCLUDE, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SETUP = "Run: sudo dokkupy setup"


def findings(proxy: NginxProxy) -> Iterator[Finding]:
    layout, nginx = proxy.layout, proxy.nginx
    if not nginx.installed:
        yield Finding(
            "nginx", "error", f"{layout.binary} is missing", "apt-get install nginx, then: sudo dokkupy setup"
        )
        return
    facts = nginx.facts()
    number = ".".join(str(part) for part in facts.version)
    yield Finding("nginx", "ok", f"nginx {number} is installed")
    if not facts.keepalive_min:
        yield Finding(
            "nginx keep-alive",
            "ok",
            "before 1.27.4 a reload closes idle client connections; clients open new ones, as HTTP expects",
        )
    if read(layout.include) != INCLUDE or not os.path.islink(layout.link) or os.readlink(layout.link) != layout.live:
        yield Finding("nginx wiring", "error", f"{layout.include} or {layout.link} is missing or changed", SETUP)
        return
    yield Finding("nginx wiring", "ok", f"{layout.include} includes the apps")
    yield connections(proxy)
    if not proxy.trees.is_whole:
        yield Finding(
            "nginx tree",
            "error",
            f"{layout.live} is missing: nginx serves no app after its next reload",
            "The timer restores it; to restore it now: dokkupy recover",
        )
        return
    if layout.sudo:
        path = layout.on_system("/etc/sudoers.d/dokkupy-nginx")
        present = os.path.exists(path)
        message = f"{path} {'exists' if present else 'is missing'}"
        yield Finding("nginx permission", "ok" if present else "error", message, "" if present else SETUP)
    yield from configuration(proxy)
    yield from serving(proxy)
    yield http3(proxy, number, able=facts.http3)
    yield direct_ports(proxy)
    yield from addresses(proxy)
    for address, port in ((a, p) for a, p in survey(layout).defaults if p in (layout.http_port, layout.tls_port)):
        where = survey(layout).defaults[address, port]
        yield Finding(
            "nginx catch-all",
            "warning",
            f"{where} has the default server of {address}:{port}: unknown names reach it",
            "Remove `default_server` from its `listen`, if dokkupy should refuse unknown names.",
        )


def connections(proxy: NginxProxy) -> Finding:
    path = os.path.join(proxy.layout.etc, "nginx.conf")
    # Only setup compares the file limit, because nginx's may differ from that of this process.
    few = capacity.lacking(read(path), capacity.numbers(capacity.CONNECTIONS))
    if few:
        wanted = " and ".join(f"{name} {least}" for name, least in few.items())
        words = f"{path} lacks {wanted}: a few thousand slow connections make all apps unreachable"
        return Finding("nginx connections", "warning", words, SETUP)
    return Finding("nginx connections", "ok", f"each worker holds {capacity.CONNECTIONS} connections or more")


def http3(proxy: NginxProxy, number: str, *, able: bool) -> Finding:
    store = proxy.host.store
    wanted = [app for app in proxy.apps() if SETTINGS.get(store, app, "http3") == "true"]
    ports = sorted({port for app in proxy.apps() for port in proxy.claims(app).quic_ports})
    if wanted and not able:
        return Finding(
            "nginx HTTP/3",
            "warning",
            f"nginx {number} is built without HTTP/3, which {', '.join(wanted)} should use; HTTP/2 is served instead",
            "Install an nginx with http_v3_module (Debian 13 has one), or: dokkupy nginx:set ... http3 false",
        )
    if not able:
        return Finding("nginx HTTP/3", "ok", f"nginx {number} is built without HTTP/3, and no app uses it")
    if not ports:
        return Finding("nginx HTTP/3", "ok", "off, but supported; to enable it: dokkupy nginx:set --global http3 true")
    shut = [str(port) for port in ports if not held_for_udp(port)]
    if shut:
        return Finding(
            "nginx HTTP/3", "error", f"nginx does not listen on UDP port {', '.join(shut)}", "Run: dokkupy nginx:reload"
        )
    return Finding(
        "nginx HTTP/3",
        "ok",
        f"served on UDP port {', '.join(map(str, ports))}: a firewall must allow UDP too, not only TCP",
    )


def addresses(proxy: NginxProxy) -> Iterator[Finding]:
    for where, (owner, hidden) in hidden_on(map(proxy.claims, proxy.apps())).items():
        yield Finding(
            "nginx addresses",
            "warning",
            f"Only {owner} and other apps with this address are reachable at {where}, not {', '.join(hidden)}, which "
            "listen on all addresses",
            f"Unset it: dokkupy nginx:set {owner} bind-address-ipv{6 if '[' in where else 4}; or give the other apps an "
            "address too: dokkupy nginx:set --global ...",
        )


def direct_ports(proxy: NginxProxy) -> Finding:
    """TCP and UDP ports: served, or which package is missing."""
    found = [claim for app in proxy.apps() for claim in proxy.claims(app).claims if claim.is_direct]
    ports = ", ".join(sorted({f"{claim.port}/{claim.kind}" for claim in found}))
    ready = proxy.prepare("tcp")
    if not ready.ready:
        status = "error" if found else "ok"
        return Finding(
            "nginx TCP and UDP", status, ready.reason + (f": {ports} cannot be served" if ports else ""), ready.remedy
        )
    if not found:
        return Finding(
            "nginx TCP and UDP", "ok", "supported; no app uses it. To add a port: dokkupy ports:add APP tcp:..."
        )
    return Finding("nginx TCP and UDP", "ok", f"served on {ports}: a firewall must allow them")


def faults(proxy: NginxProxy) -> Iterator[Finding]:
    """The errors of nginx as a whole, which concern every app."""
    found = (*serving(proxy), *configuration(proxy)) if proxy.nginx.installed else findings(proxy)
    yield from (one for one in found if one.level == "error" and one.check != "nginx quarantine")


def configuration(proxy: NginxProxy) -> Iterator[Finding]:
    try:
        with proxy.lock():
            complaint = proxy.refusal(proxy.trees.live) if proxy.trees.live else None
    except DokkupyError as error:
        yield Finding("nginx configuration", "error", error.message, error.hint)
        return
    except OSError as error:  # without room for a lock or a copy, nothing is known about the configuration
        reason = f"not tested, because {error.filename} cannot be written: {error.strerror}"
        yield Finding("nginx configuration", "warning", reason, "See the findings about disks")
        return
    if complaint is None:
        yield Finding("nginx configuration", "ok", "nginx accepts its whole configuration")
    else:
        remedy = (
            "Run: dokkupy nginx:validate-config --clean"
            if complaint.app
            else f"Fix {complaint.where or 'the configuration'}"
        )
        yield Finding("nginx configuration", "error", " ".join(complaint.details), remedy)
    for app, reason in quarantined(proxy).items():
        yield Finding(
            "nginx quarantine",
            "error",
            f"App {app} is not served: {reason}",
            f"Fix the cause, then run: dokkupy proxy:build-config {app}",
        )


def status_of(proxy: NginxProxy) -> Finding:
    """Whether nginx runs at all; without a request to it."""
    layout = proxy.layout
    if not os.path.isfile(layout.binary):
        return Finding("nginx", "error", f"{layout.binary} is missing", "dokkupy doctor says how to install it")
    if proxy.nginx.pid() is None:
        return Finding("nginx", "error", "nginx is not running: no app is reachable", "dokkupy doctor says why")
    return Finding("nginx", "ok", "nginx is running")


def serving(proxy: NginxProxy) -> Iterator[Finding]:
    if proxy.nginx.pid() is None:
        taken = next((port for port in (80, 443) if listened_on(port)), 0)
        what = f"nginx is not running, and another program listens on port {taken}" if taken else "nginx is not running"
        free = (
            f"See which: ss -ltnp 'sport = :{taken}'. Stop it for good (systemctl disable --now NAME), then: "
            if taken
            else "Run: "
        )
        yield Finding("nginx running", "error", what, f"{free}dokkupy nginx:start")
    elif proxy.served_generation() == proxy.trees.generation:
        yield Finding("nginx running", "ok", "nginx serves the newest configuration")
    else:
        yield Finding(
            "nginx running",
            "error",
            "nginx runs, but does not serve the newest configuration",
            f"Check that nginx.conf includes {proxy.layout.etc}/conf.d/*.conf in http {{}}, then: dokkupy nginx:reload",
        )
