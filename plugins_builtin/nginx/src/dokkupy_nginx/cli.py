"""The namespace `nginx`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.names import AppName, Count

from dokkupy_nginx.settings import LOGS, SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.operation import Transaction

    from dokkupy_nginx.proxy import NginxProxy

nginx = Group("nginx", "Settings and logs of nginx, the default proxy")

MOST = 1_000_000
"""Lines that a list may have: it is made in memory."""

App = Annotated[AppName, Arg("app")]
Tail = Annotated[bool, Opt("-t", "--tail", help="Follow: print new lines as they arrive")]
Num = Annotated[Count | None, Opt("-n", "--num", help="Number of lines; 100 if not given, and all with --since")]
Since = Annotated[str, Opt("--since", noun="TIME", help="From this time on: 90s, 10m, 2h, 3d, or 2026-11-29T20:00:00Z")]
Grep = Annotated[str, Opt("--grep", noun="TEXT", help="Only lines that contain this text")]


@nginx.command("access-logs", permission="app:read", formats=False)
def access_logs(
    host: Host, app: App, *, num: Num = None, tail: Tail = False, since: Since = "", grep: Grep = ""
) -> CommandResult | None:
    """Show an app's access log."""
    return logs(host, app, "access", num=num, follow=tail, since=since, grep=grep)


@nginx.command("error-logs", permission="app:read", formats=False)
def error_logs(
    host: Host, app: App, *, num: Num = None, tail: Tail = False, since: Since = "", grep: Grep = ""
) -> CommandResult | None:
    """Show an app's error log."""
    return logs(host, app, "error", num=num, follow=tail, since=since, grep=grep)


def logs(
    host: Host, app: AppName, kind: str, *, num: int | None, follow: bool, since: str, grep: str
) -> CommandResult | None:
    from collections import deque
    from datetime import UTC, datetime

    from dokkupy_sdk.times import moment_of

    from dokkupy_nginx.server.earlier_logs import start_of
    from dokkupy_nginx.server.logs import LINES, every_line, follow_lines, last_lines
    from dokkupy_nginx.server.selection import Selection

    host.store.require_app(app)
    wanted = Selection(moment_of(since, datetime.now(UTC), "--since") if since else "", grep)
    path = log_file(host, app, kind)
    start = start_of(host, path)
    if follow:
        import sys

        for line in wanted.of(follow_lines(path, count=10 if num is None else num, start=start)):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        return None
    if not (since or grep):
        return CommandResult(None, last_lines(path, LINES if num is None else num, start=start))
    if num is None:
        num = MOST if since else LINES
    return CommandResult(None, list(deque(wanted.of(every_line(path, start=start)), maxlen=num)))


def log_file(host: Host, app: AppName, kind: str) -> str:
    name = f"{kind}-log-path"
    path = SETTINGS.get(host.store, app, name)
    if path == "off":
        scope = SETTINGS.scope_of(host.store, app, name)
        raise UserError(f"The {kind} log of {app} is off", hint=f"To unset that: dokkupy nginx:set {scope} {name}")
    return adapter(host).layout.logs + path.removeprefix(LOGS)


@nginx.command("show-config", permission="app:read")
def show_config(host: Host, app: App) -> CommandResult:
    """Show an app's nginx configuration."""
    text = adapter(host).show(host.store.require_app(app))
    if not text:
        raise UserError(
            f"No nginx.conf exists for {app}",
            hint=f"A deploy makes it; to make it again: dokkupy proxy:build-config {app}",
        )
    return CommandResult({"app": app, "config": text}, text.rstrip("\n").split("\n"))


@nginx.command("show-conf", permission="app:read", hidden=True)
def show_conf(host: Host, app: App) -> CommandResult:
    """Show an app's nginx configuration."""
    return show_config(host, app)  # type: ignore[no-any-return]


@nginx.command("start", permission="host:write", mutating=True)
def start(host: Host) -> None:
    """Start nginx."""
    proxy = adapter(host)
    if proxy.nginx.pid() is not None:
        host.out.detail("nginx is already running")
        return
    host.act("start nginx", lambda: start_clean(host, proxy))
    host.out.section("Started nginx")


def start_clean(host: Host, proxy: NginxProxy) -> None:
    from dokkupy_nginx.recovery.quarantine import clean
    from dokkupy_nginx.setup.doctor import serving
    from dokkupy_nginx.setup.install import service

    clean(proxy)
    try:
        service(proxy.nginx, "start", way(host))
    except HostError as error:
        for found in serving(proxy):
            error.hint = f"{found.message}. {found.remedy}" if "port" in found.message else error.hint
        raise


@nginx.command("stop", permission="host:write", mutating=True)
def stop(host: Host) -> None:
    """Stop nginx, and with it every app and site that it serves."""
    from dokkupy_nginx.setup.install import service

    proxy = adapter(host)
    if proxy.nginx.pid() is None:
        host.out.detail("nginx is not running")
        return
    host.act("stop nginx", lambda: service(proxy.nginx, "stop", way(host)))
    host.out.section("Stopped nginx")


@nginx.command("reload", permission="host:write", mutating=True)
def reload(host: Host) -> None:
    """Validate the configuration, then reload it."""
    proxy = adapter(host)
    require_valid(proxy)
    host.act("reload nginx", proxy.reload)
    host.out.section("Reloaded nginx")


def require_valid(proxy: NginxProxy) -> None:
    from dokkupy_nginx.server.diagnose import refused

    with proxy.lock():
        complaint = proxy.refusal(proxy.trees.live) if proxy.trees.live else None
    if complaint is not None:
        raise refused(complaint, complaint.app)


@nginx.command("validate-config", permission="app:read", mutating=True)
def validate_config(
    host: Host,
    app: Annotated[AppName | None, Arg("app")] = None,
    *,
    clean: Annotated[bool, Opt("--clean", help="Move invalid configurations aside")] = False,
) -> CommandResult:
    """Check the nginx configuration of an app, or of all."""
    from dokkupy_nginx.recovery.quarantine import clean as set_aside
    from dokkupy_nginx.recovery.quarantine import quarantined

    proxy = adapter(host)
    if app is not None:
        host.store.require_app(app)
    if clean and not host.dry_run:
        removed = set_aside(proxy)
        lines = [f"{name}: set aside: {reason}" for name, reason in removed.items()]
        return CommandResult({"removed": dict(removed)}, lines)
    bad = dict(quarantined(proxy))
    with proxy.lock():
        complaint = proxy.refusal(proxy.trees.live) if proxy.trees.live else None
    details: tuple[str, ...] = ()
    if complaint is not None:
        bad[complaint.app or AppName("nginx")] = complaint.message
        details = complaint.details
    wrong = {name: reason for name, reason in bad.items() if app is None or name in (app, "nginx")}
    if wrong:
        names = ", ".join(f"{name} ({reason})" for name, reason in wrong.items())
        raise UserError(
            f"The nginx configuration is invalid: {names}",
            details=details,
            code="bad_proxy_input",
            hint="Fix it, then run proxy:build-config; or move it aside: nginx:validate-config --clean",
        )
    return CommandResult({"valid": True, "app": app}, [])


@nginx.command("validate", permission="app:read", mutating=True, hidden=True)
def validate(
    host: Host,
    app: Annotated[AppName | None, Arg("app")] = None,
    *,
    clean: Annotated[bool, Opt("--clean", help="Move invalid configurations aside")] = False,
) -> CommandResult:
    """Check the nginx configuration of an app, or of all."""
    return validate_config(host, app, clean=clean)  # type: ignore[no-any-return]


BEYOND = ("ssl-stapling", "tls-profile", "requests-per-address", "http3", "http3-served", "http3-supported")
"""Properties that Dokku does not have."""


def report_extra(host: Host, app: AppName | None) -> dict[str, str]:
    """The time of the last visit, which is that of the last write to the access log, in seconds since the epoch. And
    whether HTTP/3 is served: true, false, or unsupported."""
    import os

    proxy = adapter(host)
    able = proxy.nginx.installed and proxy.nginx.facts().http3
    if app is None:
        return {"http3-supported": "true" if able else "false"}
    path = SETTINGS.get(host.store, app, "access-log-path")
    try:
        seen = str(int(os.stat(proxy.layout.logs + path.removeprefix(LOGS)).st_mtime)) if path != "off" else ""
    except OSError:
        seen = ""
    served = "true" if proxy.claims(app).quic_ports else "false"
    return {"last-visited-at": seen, "http3-served": served if able else "unsupported"}


def check_set(tx: Transaction, app: AppName | None, name: str) -> None:
    """Warn if this host's nginx does not support a value. Raise Denied for an address that a deployer sets or unsets."""
    value = SETTINGS.raw(tx.host.store, app, name)
    if app is not None and name.startswith("bind-address"):
        from dokkupy_nginx.try_setting import require_admin_for_address

        require_admin_for_address(tx.host, app, name, value)
    if name == "http3" and value == "true" and not adapter(tx.host).nginx.facts().http3:
        tx.host.out.warn(
            "This host's nginx is built without HTTP/3: the setting takes effect with an nginx that "
            "supports it (such as Debian 13's)"
        )


def way(host: Host) -> str:
    return SETTINGS.get(host.store, None, "nginx-service-command")


def adapter(host: Host) -> NginxProxy:
    found: NginxProxy = host.role("proxy", "nginx")
    return found


def judge_value(host: Host, app: AppName | None, name: str, value: str) -> None:
    from dokkupy_nginx.try_setting import judge

    judge(host, app, name, value)


add_property_commands(nginx, SETTINGS, extra=report_extra, beyond=BEYOND, judge=judge_value, on_set=check_set)
