"""Logging in to a registry, and out of it."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.model import RegistryLogin
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.operation import operation

from dokkupy_registry.names import ServerName
from dokkupy_registry.stored import Login, LoginsFile, kept_logins

LONGEST_PASSWORD = 16384
"""In characters. Tokens of cloud registries have some thousands."""


def log_in(host: Host, app: AppName | None, server: ServerName, user: str, password: Secret) -> None:
    """Store a login after the registry accepted it. Raises UserError and HostError; the previous login then stays."""
    from dokkupy_sdk.outgoing import require_registry

    for text, what in ((user, "user name"), (password.reveal(), "password")):
        if not text or any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise UserError(f"The {what} is empty, or has control characters", hint="Give it as one line of text.")
    if ":" in user:
        raise UserError(
            "The user name has a colon, which separates it from the password",
            hint="Give the user name and the password as two arguments.",
        )
    require_registry(host, f"{server}/image")
    with operation(host, "registry:login", subject(app)) as tx:
        login = RegistryLogin(server, user, password, shared=app is None)
        tx.step(f"log in to {server} as {user}", lambda: host.image_registries().check(login))
        kept = {**kept_logins(host, app), server: Login(user=user, password=password)}
        tx.save(LoginsFile(logins=kept), app)


def log_out(host: Host, app: AppName | None, server: ServerName) -> bool:
    """Remove a login; returns whether there was one."""
    with operation(host, "registry:logout", subject(app), takes_away=True) as tx:
        kept = kept_logins(host, app)
        if kept.pop(server, None) is None:
            return False
        tx.save(LoginsFile(logins=kept), app)
    return True


def subject(app: AppName | None) -> str:
    return f"app:{app}" if app is not None else "host"


def given_password(argument: str, *, from_input: bool) -> Secret:
    """Raises UserError when no password is given, or two."""
    import sys

    from dokkupy_sdk.text import read_input_line

    if argument and from_input:
        raise UserError("The password was given as an argument and with --password-stdin: give it only once")
    if argument:
        return Secret(argument)
    if not from_input and sys.stdin.isatty():
        raise UserError(
            "Missing a password for registry-login",
            hint="Pass it on standard input: echo TOKEN | ... registry:login --password-stdin APP SERVER USERNAME",
        )
    text = read_input_line(LONGEST_PASSWORD)
    if not text:
        raise UserError(
            "There is no password on standard input",
            hint="echo TOKEN | ... registry:login --password-stdin APP SERVER USERNAME",
        )
    return Secret(text)
