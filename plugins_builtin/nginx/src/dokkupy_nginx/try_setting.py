"""Validates a setting by nginx itself when it is set, also for an app that is not deployed and for all apps."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.access import is_admin
from dokkupy_sdk.errors import AppError, Denied, HostError, UserError
from dokkupy_sdk.model import Port, Route, Upstream
from dokkupy_sdk.names import AppName, Domain

from dokkupy_nginx.config.claims import ALL
from dokkupy_nginx.proxy import NginxProxy
from dokkupy_nginx.settings import LOGS, SETTINGS, own_log

SAMPLE = AppName("sample-of-a-setting")
"""Stands for every app if a setting is global. Its file is never served."""


def judge(host: Host, app: AppName | None, name: str, value: str) -> None:
    """Raise UserError if nginx would refuse the app's configuration because of this value. If it refuses it for another
    reason, or cannot test it now, the value is set nevertheless, because it may be the remedy."""
    if app is not None and name.endswith("-log-path") and not own_log(app, value):
        raise UserError(f"{value} is not a log file of {app}'s own", hint=f"Use {LOGS}/{app}-NAME.log, or off")
    proxy: NginxProxy = host.role("proxy", "nginx")
    if not proxy.prepare().ready:
        return
    now = SETTINGS.all(host.store, app)
    plain = {one: prop.default.replace("{app}", app or SAMPLE) for one, prop in SETTINGS.properties.items()}
    try:
        refused = refusal(proxy, app, {**now, name: value})
        if refused is None:
            return
        alone = refusal(proxy, app, {**plain, name: value})
        if alone is not None or refusal(proxy, app, now) is None:
            refused = alone or refused
            raise UserError(
                f"{name} was not set: {refused.message.partition(': ')[2] or refused.message}",
                details=refused.details,
                hint="Nothing was changed.",
                code="bad_proxy_input",
            )
        host.out.warn(f"Another setting is wrong: {refused.message}")
    except HostError as fault:
        host.out.warn(f"{name} cannot be tested now: {fault.message}")


def require_admin_for_address(host: Host, app: AppName, name: str, value: str) -> None:
    """Raise Denied unless the caller is an admin: nginx sends all requests for an address to the apps that listen on this
    address, whoever's name they ask for."""
    if not is_admin(host):
        raise Denied(
            f"Only an admin may set {name}, because an app that listens on one address takes the requests for it from all "
            "apps that listen on every address",
            hint=f"Ask an admin for: dokkupy nginx:set {app} {name} {value}".rstrip(),
        )
    proxy: NginxProxy = host.role("proxy", "nginx")
    others = [str(other) for other in proxy.apps() if other != app and is_everywhere(proxy, other, name)]
    if value not in ("", *ALL) and others:
        host.out.warn(
            f"Only apps that listen on {value} itself are reachable there: not {', '.join(others[:5])}"
            f"{', ...' if len(others) > 5 else ''}. To give the other apps an address too: "
            f"dokkupy nginx:set --global {name} ADDRESS"
        )


def is_everywhere(proxy: NginxProxy, app: AppName, name: str) -> bool:
    everywhere = ALL[name.endswith("6")]
    return any(claim.address == everywhere for claim in proxy.claims(app).claims)


def refusal(proxy: NginxProxy, app: AppName | None, settings: dict[str, str]) -> AppError | None:
    """Why nginx refuses an app with these settings beside all that it serves; None if it accepts it."""
    route = Route(
        app or SAMPLE,
        domains=(Domain(f"{SAMPLE}.invalid"),),
        ports=(Port("http", proxy.layout.http_port, 5000),),
        upstreams={5000: (Upstream("127.0.0.1", 5000),)},
        settings=settings,
    )
    try:
        proxy.validate([route])
    except AppError as fault:
        return fault
    return None
