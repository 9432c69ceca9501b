"""Routes of apps, computed from the state. The proxy can therefore be brought in line with them at any time."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName, Domain, EnvKey
from dokkupy_sdk.port_map import effective_map, port_number, port_variable, ports_of
from dokkupy_sdk.ports import DEFAULT_PORTS, Port, is_direct
from dokkupy_sdk.state import PortsFile

from dokkupy_apps.desired.config import merged_env
from dokkupy_apps.desired.domains import domains_of, global_domains
from dokkupy_apps.desired.properties import PROXY
from dokkupy_apps.desired.status import should_run
from dokkupy_apps.releases.records import closed_ports, current, own_ports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Certificate, Instance, Release, Route, Upstream
    from dokkupy_sdk.operation import Transaction
    from dokkupy_sdk.roles import Proxy

FIRST_ALLOCATED = 10000
"""The first port that an app without any domain gets, as Dokku does with its `proxy-port`."""


def port_map(host: Host, app: AppName, release: Release | None) -> tuple[Port, ...]:
    """The effective port map of a release, or of an app that has none yet."""
    return ports_of(release) if release is not None else own_ports(host, app) or detected_map(host, app, None)


def detected_map(host: Host, app: AppName, release: Release | None) -> tuple[Port, ...]:
    """The port map of an app for which none was set."""
    if release is not None:
        return effective_map((), release.detected, port_variable(release))
    value = merged_env(host, app).get(EnvKey("PORT"))
    return effective_map((), (), port_number(value.reveal()) if value is not None else None)


def proxy_enabled(host: Host, app: AppName) -> bool:
    return PROXY.raw(host.store, app, "disabled") != "true"


def listening_ports(host: Host, app: AppName, ports: tuple[Port, ...], *, secure: bool) -> tuple[Port, ...]:
    """The port map on which the proxy listens. An app without domains gets a port of its own; with a certificate, 443
    is added."""
    tls = 443
    if not domains_of(host, app):
        chosen = PROXY.get(host.store, app, "proxy-port")
        tls = int(PROXY.get(host.store, app, "proxy-ssl-port") or tls)
        number = chosen or host.store.load(PortsFile, app).allocated
        web = [Port(p.scheme, int(number), p.container) for p in ports if p.scheme == "http"] if number else []
        ports = (*web[:1], *(port for port in ports if is_direct(port)))
    if secure and not any(port.scheme == "https" for port in ports):
        plain = next((port for port in ports if port.scheme == "http"), None)
        if plain is not None:
            ports = (*ports, Port("https", tls, plain.container))
    return ports


def allocate_port(tx: Transaction, app: AppName) -> None:
    """Give an app without any domain a port of its own. It keeps this port."""
    store = tx.host.store
    record = store.load(PortsFile, app)
    if record.allocated or domains_of(tx.host, app):
        return
    taken = {store.load(PortsFile, other).allocated for other in store.apps()}
    number = next(n for n in range(FIRST_ALLOCATED, 65536) if n not in taken)
    tx.save(record.replace(allocated=number), app)


def certificates_of(host: Host, app: AppName) -> dict[Domain | None, Certificate]:
    """The certificates that plugins have for the app's names. For an app without names, the key is None."""
    from dokkupy_sdk.hooks import resolve_certificate

    names: tuple[Domain | None, ...] = domains_of(host, app) or (None,)
    found = {name: host.hooks.ask(resolve_certificate, host=host, app=app, domain=name) for name in names}
    return {name: certificate for name, certificate in found.items() if certificate is not None}


def make_route(
    host: Host,
    app: AppName,
    release: Release | None,
    instances: tuple[Instance, ...],
    closed: frozenset[int] = frozenset(),
) -> Route:
    """The route of an app whose release these instances serve.

    closed: container ports on which they do not listen; their rows are left out.
    """
    from dokkupy_sdk.model import Route, Upstream

    from dokkupy_apps.routing.facts import facts_of

    certificates = certificates_of(host, app)
    mapped = port_map(host, app, release)
    if (
        release is None or not release.own_ports
    ):  # a port that an image exposes does not by itself take a port of the host
        mapped = tuple(port for port in mapped if not is_direct(port))
    rows = tuple(port for port in mapped if port.container not in closed)
    ports = listening_ports(host, app, rows, secure=bool(certificates))
    listeners: dict[str, tuple[Upstream, ...]] = {}
    for instance in instances:
        listeners[instance.process] = (
            *listeners.get(instance.process, ()),
            Upstream(instance.address, instance.port),
        )
    web = [instance for instance in instances if instance.process == "web"]
    upstreams = {
        port.container: tuple(Upstream(instance.address, port.container) for instance in web) for port in ports
    }
    return Route(
        app=app,
        domains=domains_of(host, app),
        ports=ports,
        upstreams=upstreams,
        certificate=next(iter(certificates.values()), None),
        certificates={domain: certificate for domain, certificate in certificates.items() if domain is not None},
        template=None,
        extra=facts_of(host, app),
        listeners=listeners,
        files=release.files if release else {},
        settings=release.settings.get(host.proxy_name(app), {}) if release else {},
        unavailable="" if web else "no-web" if release else "not-deployed",
    )


def stored_route(host: Host, app: AppName) -> Route:
    """The route that the state describes. It has no upstreams while the app is stopped."""
    from dokkupy_sdk.values import replace

    release, instances = current(host, app)
    closed = closed_ports(host, app)
    if not should_run(host, app):
        return replace(make_route(host, app, release, (), closed), unavailable="stopped")
    return make_route(host, app, release, instances, closed)


def urls(host: Host, app: AppName) -> list[str]:
    """The URLs at which the app's web process answers, https first. Wildcards are left out."""
    release, _ = current(host, app)
    certificates = certificates_of(host, app)
    rows = tuple(port for port in port_map(host, app, release) if port.container not in closed_ports(host, app))
    ports = listening_ports(host, app, rows, secure=bool(certificates))
    domains: tuple[Domain | None, ...] = domains_of(host, app) or (None,)
    names = [name for name in domains if name is None or (name != "_" and not name.startswith("*"))]
    found = []
    for port in sorted(ports, key=lambda port: (port.scheme != "https", port.host)):
        if port.scheme in DEFAULT_PORTS:
            suffix = "" if port.host == DEFAULT_PORTS[port.scheme] else f":{port.host}"
            for name in names:
                # A name with a certificate answers on both, because http redirects to https. A name without one answers
                # only on http.
                if name in certificates or port.scheme == "http":
                    found.append(f"{port.scheme}://{name or host_name(host)}{suffix}")
    return found


def why_unreachable(host: Host, app: AppName) -> str:
    """Why a deployed app does not answer, as far as the state shows it; empty if its web process serves."""
    _, instances = current(host, app)
    if not should_run(host, app):
        return f"App {app} is stopped: nothing answers until `ps:start {app}`"
    if not any(one.process == "web" for one in instances):
        return f"App {app} runs no web process: nothing answers. Start one: `ps:scale {app} web=1`"
    if not proxy_enabled(host, app):
        return f"The proxy is disabled for app {app}: nothing answers until `proxy:enable {app}`"
    return ""


def host_name(host: Host) -> str:
    import socket

    name = next(iter(global_domains(host)), None) or socket.gethostname()
    return f"[{name}]" if ":" in name else name


def has_certificate(host: Host, app: AppName) -> bool:
    """Whether some plugin has a certificate for one of the app's names."""
    return bool(certificates_of(host, app))


def stored_routes(host: Host, proxy: Proxy) -> tuple[list[Route], list[tuple[AppName, Exception]]]:
    """(the routes of the deployed apps that use this proxy, as the state describes them; the apps whose route cannot be
    made, each with the reason)."""
    from dokkupy_sdk.many import over_each

    from dokkupy_apps.releases.serving import is_deployed

    def route(app: AppName) -> Route | None:
        serves = is_deployed(host, app) and proxy_enabled(host, app) and host.proxy(app) is proxy
        return stored_route(host, app) if serves else None

    found, failed = over_each(host.store.apps(), route)
    return [one for _, one in found if one is not None], failed
