"""`letsencrypt:*` (reference, section 6.3)."""

from __future__ import annotations

from functools import partial

from dokkupy_apps.releases.serving import is_deployed
from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.access import visible_apps
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.many import over_each, warn_of
from dokkupy_sdk.names import AppName
from dokkupy_sdk.table import Column, listing

from dokkupy_letsencrypt.settings import SETTINGS, directory_of

group = Group("letsencrypt", "Certificates from Let's Encrypt and other ACME authorities")

App = Annotated[AppName, Arg("app")]
MaybeApp = Annotated[AppName | None, Arg("app")]


@group.command("enable", permission="app:write", mutating=True)
def enable(
    host: Host,
    app: MaybeApp = None,
    *,
    all: Annotated[bool, Opt("--all", help="All deployed apps")] = False,
    force: Annotated[
        bool,
        Opt("--force", help="Get a new certificate even if the current one is valid or the authority asks to wait"),
    ] = False,
) -> CommandResult:
    """Get a certificate for the app's names, serve it, and renew it from now on.

    letsencrypt:enable blog
    """
    from dokkupy_letsencrypt.order import manage

    if (app is None) == (not all):
        raise UserError("Name an app, or give --all", hint="letsencrypt:enable APP")
    if app is not None:
        got = manage.enable(host, app, force=force, insist=force)
        if not got:
            host.out.section(f"{app} has a valid certificate, which is renewed automatically")
        return CommandResult({"app": app, "issued": got})

    def enabled(one: AppName) -> bool | None:
        if not is_deployed(host, one) or not manage.status(host, one).parts:
            return None
        return manage.enable(host, one, force=force, insist=force)

    done, failed = over_each(visible_apps(host, "app:write"), enabled)
    rows = [{"app": one, "issued": issued, "error": ""} for one, issued in done if issued is not None]
    rows += [{"app": one, "issued": False, "error": getattr(error, "message", str(error))} for one, error in failed]
    warn_of(host, failed)
    if failed:
        names = ", ".join(one for one, _ in failed)
        host.out.warn(f"{len(failed)} of {len(rows)} apps got no certificate: {names}")
    return CommandResult(sorted(rows, key=lambda row: str(row["app"])), status=1 if failed else 0)


@group.command("disable", permission="app:write", mutating=True)
def disable(host: Host, app: App) -> CommandResult:
    """Remove the certificate; it is no longer renewed."""
    from dokkupy_letsencrypt.order import manage

    found = manage.status(host, app)
    manage.disable(host, app)
    if found.enabled or found.slot:
        host.out.section(f"{app} no longer has a certificate of an authority")
    else:
        host.out.warn(f"{app} has no certificate of an authority")
    return CommandResult({"app": app})


@group.command("renew", permission="app:write", mutating=True)
def renew(
    host: Host,
    app: App,
    *,
    force: Annotated[bool, Opt("--force", help="Send the request even if the authority asks to wait")] = False,
) -> CommandResult:
    """Get a new certificate now."""
    from dokkupy_letsencrypt.order import manage

    return CommandResult({"app": app, "issued": manage.enable(host, app, force=True, insist=force)})


@group.command("auto-renew", permission="app:write", mutating=True)
def auto_renew(host: Host, app: MaybeApp = None) -> CommandResult:
    """Renew certificates that are due, of one app or of all; the timer does this every minute."""
    from dokkupy_letsencrypt.order import manage

    if app is None:
        lines = manage.renew_due(host, visible_apps(host, "app:write"))
        return CommandResult(lines, lines)
    found = manage.status(host, app)
    if not found.enabled:
        raise UserError(f"{app} has no certificate to renew", hint=f"letsencrypt:enable {app}")
    return CommandResult({"app": app, "issued": manage.enable(host, app)})


@group.command("revoke", permission="app:admin", mutating=True)
def revoke(host: Host, app: App) -> CommandResult:
    """Revoke the certificate with its authority, and remove it."""
    from dokkupy_letsencrypt.order import manage

    manage.revoke(host, app)
    host.out.section(f"The certificate of {app} is revoked")
    return CommandResult({"app": app})


@group.command("active", permission="app:read")
def active(host: Host, app: App) -> CommandResult:
    """Print whether the app has a certificate of an authority."""
    from dokkupy_letsencrypt.order import manage

    host.store.require_app(app)
    word = "true" if manage.status(host, app).slot else "false"
    return CommandResult({"app": app, "active": word}, [word])


@group.command("list", permission="app:read")
def list_apps(host: Host) -> CommandResult:
    """List the certificates: when they expire, and when they are renewed."""
    from dokkupy_letsencrypt.order import manage

    rows = []
    done, failed = over_each(visible_apps(host), lambda app: manage.status(host, app))
    warn_of(host, failed)
    for app, found in done:
        if found.kept and found.due:
            ends = min(slot.current.not_after for slot in found.kept)
            rows.append(
                {
                    "app": app,
                    "expires-at": ends[:16],
                    "renewed-at": shown(found.due.isoformat()),
                    "failures": found.failures,
                    "count": len(found.kept),
                }
            )
    cells = [[str(row[name]) for name in ("app", "expires-at", "renewed-at", "failures")] for row in rows]
    return listing(rows, CERTIFICATES, cells, empty=NO_CERTIFICATE, status=1 if failed else 0)


CERTIFICATES = (Column("APP"), Column("EXPIRES"), Column("RENEWED FROM", optional=1), Column("FAILURES", right=True))
NO_CERTIFICATE = "No app has a certificate of Let's Encrypt: letsencrypt:enable APP"


@group.command("cleanup", permission="app:write", mutating=True)
def cleanup(host: Host, app: App) -> CommandResult:
    """Remove certbot's files of apps whose certificate is no longer in use."""
    from dokkupy_letsencrypt.certbot.program import Certbot
    from dokkupy_letsencrypt.order import manage

    host.store.require_app(app)
    if manage.status(host, app).slot is None:
        host.act(f"remove what certbot keeps of {app}", partial(Certbot(host).forget, app))
    else:
        host.out.warn(f"Skipping {app}, its certificate is in use")
    return CommandResult({"app": app})


@group.command("cron-job", permission="host:write", mutating=True)
def cron_job(
    host: Host,
    *,
    add: Annotated[bool, Opt("--add", help="No effect: the timer renews certificates")] = False,
    remove: Annotated[bool, Opt("--remove", help="Refused: the timer renews certificates")] = False,
) -> CommandResult:
    """No effect: dokkupy's own timer renews certificates, without a cron job. For scripts written for Dokku."""
    if add == remove:
        raise UserError("Please specify --add or --remove")
    if remove:
        raise UserError(
            "There is no cron job to remove: `dokkupy tick` renews the certificates",
            hint="To end the renewal of one app's certificate: dokkupy letsencrypt:disable APP",
        )
    host.out.section("Nothing to add: `dokkupy tick` renews the certificates, and runs every minute")
    return CommandResult({"cron-job": "tick"})


def shown(text: str) -> str:
    return text[:16]


def extra(host: Host, app: AppName | None) -> dict[str, str]:
    if app is None:
        return {}
    from dokkupy_letsencrypt.order import manage

    found, parts = manage.status(host, app), manage.read(host, app).parts
    ends = min((slot.current.not_after for slot in found.kept), default="")
    names = dict.fromkeys(name for slot in found.kept for name in slot.current.names)
    lost = dict.fromkeys(name for part in parts.values() for name in part.left_out)
    return {
        "active": "true" if found.kept else "false",
        "autorenew": "true" if found.enabled else "false",
        "count": str(len(found.kept)),
        "directory": directory_of(SETTINGS.get(host.store, app, "server")),
        "expires-at": ends,
        "failures": str(found.failures),
        "hostnames": " ".join(names),
        "last-error": found.last_error,
        "left-out": " ".join(lost),
        "limited-until": found.limited_until.isoformat() if found.limited_until else "",
        "next-try": found.next_try.isoformat() if found.next_try else "",
        "renewed-at": found.due.isoformat(timespec="seconds") if found.due else "",
    }


# Only admins may set these, because the host sends requests to the authority's address and reads the bundle's file.
add_property_commands(
    group,
    SETTINGS,
    extra=extra,
    permission="app:admin",
    beyond=("ca-bundle", "certificates", "dns-credentials", "eab-hmac-key", "eab-kid", "key-type"),
)
