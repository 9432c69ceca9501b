"""Which drains should run according to the settings, and what a sink may reach."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Denied
from dokkupy_sdk.names import AppName
from dokkupy_sdk.values import dataclass

from dokkupy_logs.drain.dsn import ON_HOST, Dsn, address_of, parse_dsn, require_whole
from dokkupy_logs.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.outgoing import Guard

SINK, CRON_SINK = "vector-sink", "vector-cron-sink"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A drain. name: of its state file. text: the sink. kinds: of the containers whose lines go there. is_global: whether
    an admin set it for the host, which may reach more than an app's own."""

    app: AppName
    name: str
    text: str
    kinds: tuple[str, ...]
    is_global: bool


def wanted_drains(host: Host) -> list[Wanted]:
    """The drains of all apps that dokkupy serves itself; none after `logs:vector-stop`."""
    if not is_sending(host):
        return []
    return [one for app in host.store.apps() for one in drains_of(host, app) if parse_dsn(one.text).is_served]


def is_sending(host: Host) -> bool:
    return SETTINGS.get(host.store, None, "sending") == "true"


def drains_of(host: Host, app: AppName) -> list[Wanted]:
    sink, cron = (effective(host, app, name) for name in (SINK, CRON_SINK))
    found = []
    if sink[0]:
        kinds = ("deploy", "run", "task") if cron[0] else ("deploy", "run", "task", "cron")
        found.append(Wanted(app, "drain", sink[0], kinds, sink[1]))
    if cron[0]:
        found.append(Wanted(app, "drain-cron", cron[0], ("cron",), cron[1]))
    return found


def effective(host: Host, app: AppName, name: str) -> tuple[str, bool]:
    """The sink, and whether it is the global one."""
    own = SETTINGS.raw(host.store, app, name)
    return (own, False) if own else (SETTINGS.raw(host.store, None, name), True)


def guard_for(host: Host, *, is_global: bool) -> Guard:
    """The addresses that a sink may reach. An app's own sink may not reach the host and other apps, and private networks
    only if an admin allowed them."""
    from dokkupy_sdk.outgoing import Guard, guard_of_source
    from dokkupy_sdk.values import replace

    if is_global:
        return Guard(admin=True)
    allowed = SETTINGS.get(host.store, None, "allowed-networks")
    return replace(guard_of_source(host), allowed=tuple(allowed.split(",")) if allowed else ())


def judge_sink(host: Host, app: AppName | None, text: str) -> None:
    """Raises UserError for an invalid sink, and for one that its setter may not reach."""
    from dokkupy_sdk.access import is_admin

    dsn = parse_dsn(text)
    require_whole(dsn)
    if not is_admin(host) and (not dsn.is_served or dsn.kind == "file" or any(name in dsn.options for name in ON_HOST)):
        raise Denied(
            f"Only an admin may set a sink ({dsn.kind}) that writes or reads a file of the host, or "
            "that only Vector supports",
            hint="Use http, loki or syslog.",
        )
    if app is not None and dsn.is_served and dsn.kind != "file":
        require_reachable(host, dsn)
    if not dsn.is_served:
        host.out.warn(
            f"Only Vector supports sinks of the type {dsn.kind}, and dokkupy does not run Vector: no line is sent there"
        )
    elif unknown := dsn.unknown():
        host.out.warn(f"Without Vector these options have no effect: {', '.join(unknown)[:500]}")


def require_reachable(host: Host, dsn: Dsn) -> None:
    from urllib.parse import urlsplit

    if dsn.kind == "syslog":
        name, port = address_of(dsn.options["address"])
    else:
        url = urlsplit(dsn.options["uri" if dsn.kind == "http" else "endpoint"])
        name, port = str(url.hostname), url.port or (443 if url.scheme == "https" else 80)
    try:
        guard_for(host, is_global=False).resolve(name, port)
    except OSError as error:
        host.out.warn(f"The host name {name} cannot be resolved now: {error.strerror or error}")
