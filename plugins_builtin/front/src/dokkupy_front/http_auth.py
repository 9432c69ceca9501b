"""`http-auth:*` (reference, section 6.4): names and passwords that the proxy asks for before a request reaches an app."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, lines_or
from dokkupy_sdk.errors import NotFound, UserError
from dokkupy_sdk.names import AppName, Secret, shown
from dokkupy_sdk.settings import Settings

from dokkupy_front.records import HttpAuthFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from dokkupy_sdk.operation import Transaction
    from dokkupy_sdk.proxy_facts import ProxyFact

group = Group("http-auth", "Protect apps with a user name and a password")

App = Annotated[AppName, Arg("app")]
User = Annotated[str, Arg("user", complete="dokkupy_front.completers:users")]
NewUser = Annotated[str, Arg("user", complete=())]
Password = Annotated[str, Arg("password", "If not given, the first line of standard input is read")]
Address = Annotated[str, Arg("address", "An address, or a network such as 203.0.113.0/24", complete=())]

NOBODY = (("nobody", Secret("{SSHA}" + "A" * 28)),)
"""A hash that no password matches: without users, nobody can log in, as in Dokku."""


@group.command("enable", permission="app:write", mutating=True, secret_args=2)
def enable(host: Host, app: App, user: NewUser = "", password: Password = "") -> None:
    """Protect an app with a user name and a password."""
    host.store.require_app(app)
    given = hashed(user, password) if user else {}
    with changed(host, "enable", app) as tx:
        host.out.section(f"Enabling HTTP auth for {app}...")
        record = host.store.load(HttpAuthFile, app)
        record = record.replace(enabled=True, users={**record.users, **given})
        tx.save(record, app)
    if not record.users:
        host.out.warn(f"No one can log in until there is a user: http-auth:add-user {app} USER")
    host.out.detail("Done")


@group.command("disable", permission="app:write", mutating=True)
def disable(host: Host, app: App) -> None:
    """Require no password; users and addresses are kept."""
    host.store.require_app(app)
    with changed(host, "disable", app, takes_away=True) as tx:
        host.out.section(f"Disabling HTTP auth for {app}...")
        record = host.store.load(HttpAuthFile, app)
        if not record.enabled:
            host.out.warn(f"HTTP auth is not enabled for {app}")
        tx.save(record.replace(enabled=False), app)
    host.out.detail("Done")


@group.command("add-user", permission="app:write", mutating=True, secret_args=2)
def add_user(host: Host, app: App, user: NewUser, password: Password = "") -> None:
    """Add a user, or change a user's password."""
    host.store.require_app(app)
    given = hashed(user, password)
    with changed(host, "add-user", app) as tx:
        host.out.section(f"Adding {user} to basic auth list")
        record = host.store.load(HttpAuthFile, app)
        tx.save(record.replace(users={**record.users, **given}), app)


@group.command("remove-user", permission="app:write", mutating=True)
def remove_user(host: Host, app: App, user: User) -> None:
    """Remove a user."""
    host.store.require_app(app)
    with changed(host, "remove-user", app, takes_away=True) as tx:
        host.out.section(f"Removing {user} from basic auth list")
        record = host.store.load(HttpAuthFile, app)
        if user not in record.users:
            host.out.warn(f"{app} has no user {shown(user)}. Its users: {' '.join(sorted(record.users)) or 'none'}")
        tx.save(record.replace(users={name: one for name, one in record.users.items() if name != user}), app)


@group.command("add-allowed-ip", permission="app:write", mutating=True)
def add_allowed_ip(host: Host, app: App, address: Address) -> None:
    """Allow clients from an address or network without a password."""
    host.store.require_app(app)
    text = network(address)
    with changed(host, "add-allowed-ip", app) as tx:
        host.out.section(f"Adding {text} to allowed ip list")
        record = host.store.load(HttpAuthFile, app)
        tx.save(record.replace(allowed=tuple(dict.fromkeys((*record.allowed, text)))), app)


@group.command("remove-allowed-ip", permission="app:write", mutating=True)
def remove_allowed_ip(
    host: Host, app: App, address: Annotated[str, Arg("address", complete="dokkupy_front.completers:allowed")]
) -> None:
    """Require a password from clients of an address or network again."""
    host.store.require_app(app)
    text = network(address)
    if text not in host.store.load(HttpAuthFile, app).allowed:
        raise NotFound(f"{text} is not allowed", hint=f"List them: http-auth:report {app} --http-auth-allowed-ips")
    with changed(host, "remove-allowed-ip", app, takes_away=True) as tx:
        host.out.section(f"Removing {text} from allowed ip list")
        record = host.store.load(HttpAuthFile, app)
        tx.save(record.replace(allowed=tuple(one for one in record.allowed if one != text)), app)


@group.command("show-config", permission="app:read")
def show_config(host: Host, app: App) -> CommandResult:
    """Show the settings, users and addresses; no password hash is shown."""
    record = host.store.load(HttpAuthFile, host.store.require_app(app))
    lines = ['auth_basic "Restricted";', *(f"user {name};" for name in sorted(record.users))]
    lines += [f"allow {one};" for one in record.allowed]
    data = {"enabled": record.enabled, "users": sorted(record.users), "allowed_ips": list(record.allowed)}
    off = f"HTTP auth is not enabled for {app}: http-auth:enable {app}"
    return CommandResult(data, lines_or(lines if record.enabled else [], off))


def changed(host: Host, verb: str, app: AppName, *, takes_away: bool = False) -> AbstractContextManager[Transaction]:
    from dokkupy_apps.routing.traffic import rerouting

    return rerouting(host, f"http-auth:{verb}", app, takes_away=takes_away)


def hashed(user: str, password: str) -> dict[str, Secret]:
    """The user with the hash of the password. Raises UserError."""
    from dokkupy_sdk.proxy_facts import USER_NAME, hash_password
    from dokkupy_sdk.text import read_input_line

    if not USER_NAME.fullmatch(user):
        raise UserError(f"{ascii(user[:64])} is not a valid user name: use only letters, digits and . _ @ + -")
    try:
        plain = password or read_input_line(1024)
    except ValueError:
        raise UserError(
            "The password is not text in UTF-8", hint="Choose a password of letters, digits and signs."
        ) from None
    if not 0 < len(plain.encode()) <= 255:
        raise UserError("A password has from 1 to 255 bytes", hint="Give it on the first line of standard input.")
    return {user: hash_password(Secret(plain))}


def network(text: str) -> str:
    import ipaddress

    try:
        found = ipaddress.ip_network(text)
        return str(found.network_address if found.num_addresses == 1 else found)
    except ValueError:
        raise UserError(f"{ascii(text[:64])} is not an address or a network, such as 203.0.113.0/24") from None


def password_facts(host: Host, app: AppName) -> list[ProxyFact]:
    from dokkupy_sdk.proxy_facts import BasicAuth

    record = host.store.load(HttpAuthFile, app)
    if not record.enabled:
        return []
    users = tuple(sorted(record.users.items())) or NOBODY
    return [BasicAuth(users, hashed=True, exempt=record.allowed)]


def report_extra(host: Host, app: AppName | None) -> dict[str, str]:
    if app is None:
        return {}
    record = host.store.load(HttpAuthFile, app)
    return {
        "enabled": str(record.enabled).lower(),
        "allowed-ips": " ".join(record.allowed),
        "users": " ".join(sorted(record.users)),
    }


add_property_commands(group, Settings("http-auth"), extra=report_extra)
