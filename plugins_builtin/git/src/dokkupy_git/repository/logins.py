"""The logins with which the host fetches over HTTP from other hosts (`git:auth`), and how git gets them."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Secret
from dokkupy_sdk.operation import operation
from dokkupy_sdk.records import Record

from dokkupy_git.repository.program import FetchSettings
from dokkupy_git.urls import Remote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def credential(text: str, what: str) -> str:
    """A line of git's credential protocol (gitcredentials(7)), which ends with it."""
    if not text or any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise UserError(f"The {what} is empty, or has control characters")
    return text


class Login(Record):
    """A login for fetching over HTTP."""

    user: str
    password: Secret


class LoginsFile(Record, file="global/git-logins"):
    """`global/git-logins.toml`: the host's name -> its login."""

    logins: Mapping[str, Login] = {}


def logins(host: Host) -> dict[str, Login]:
    return dict(host.store.load(LoginsFile).logins)


def set_login(host: Host, name: str, user: str, password: Secret | None) -> bool:
    """Store the login for a host; without a password, remove it. Returns whether anything changed."""
    login = None
    if password is not None:
        credential(password.reveal(), "password")
        login = Login(user=credential(user, "user name"), password=password)
    with operation(host, "git:auth", "host", takes_away=login is None) as tx:
        before = logins(host)
        after = {one: kept for one, kept in before.items() if one != name} | ({name: login} if login else {})
        if after == before:
            return False
        tx.save(LoginsFile(logins=after))
    return True


def has_login(host: Host, name: str, user: str, password: Secret | None) -> bool:
    """Whether this login is stored; without a user, whether none is stored for the host."""
    found = logins(host).get(name)
    if not user or found is None:
        return found is None and not user
    return found.user == user and found.password.reveal() == (password.reveal() if password else "")


HELPER = """!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$DOKKUPY_GIT_USER" "$DOKKUPY_GIT_PASSWORD"; }; f"""
"""What git runs when a server asks for a login. It has the login in its environment, which no other user reads; git asks it
for the server of this setting alone, not for one to which that redirects."""


def login_settings(host: Host, remote: Remote) -> FetchSettings:
    """The settings by which git gets the stored login for a remote, if there is one."""
    found = logins(host).get(remote.host.strip("[]").lower()) if remote.scheme in ("https", "http") else None
    if found is None:
        return FetchSettings()
    place = f"{remote.scheme}://{remote.host}" + (f":{remote.port}" if remote.port else "")
    secret = {"DOKKUPY_GIT_USER": found.user, "DOKKUPY_GIT_PASSWORD": found.password.reveal()}
    return FetchSettings({f"credential.{place}.helper": HELPER}, secret)
