"""Where code may be fetched from: URLs taken apart and judged before git sees them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Secret, shown
from dokkupy_sdk.values import dataclass

HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
FULL = re.compile(
    rf"(?P<scheme>https|http|ssh|git)://(?:(?P<user>[^@/\s:]+)(?::(?P<password>[^@/\s]*))?@)?"
    rf"(?P<host>{HOST})(?::(?P<port>[0-9]{{1,5}}))?(?P<path>/[^\s]*)"
)
SCP_LIKE = re.compile(rf"(?P<user>[A-Za-z0-9_][A-Za-z0-9_.-]*)@(?P<host>{HOST}):(?P<path>[^-\s/:][^\s]*|/[^\s]+)")
MAX_LENGTH = 2048


@dataclass(frozen=True, slots=True)
class Remote:
    """A place to fetch from. url: without credentials; scheme: https, http, ssh, git or file."""

    url: str
    scheme: str
    host: str = ""
    user: str = ""
    password: Secret | None = None
    port: int = 0

    def secret_config(self) -> dict[str, str]:
        """The credentials as git configuration, to be given by the environment: an argv is for all eyes."""
        if self.password is None and not (self.user and self.scheme in ("https", "http")):
            return {}
        import base64

        pair = f"{self.user}:{self.password.reveal() if self.password else ''}"
        token = base64.b64encode(pair.encode()).decode()
        # A redirect to another host would take the header along.
        return {"http.extraHeader": f"Authorization: Basic {token}", "http.followRedirects": "false"}


def parse_remote(text: str, *, protocols: Collection[str], local: bool, loopback: bool = False) -> Remote:
    """A repository's URL. local: whether an absolute path of this host may be named; loopback: whether plain HTTP to
    this host itself may be, as a CI runner on it serves it. Raises UserError."""
    if len(text) > MAX_LENGTH or any(ord(character) < 33 or ord(character) == 127 for character in text):
        raise UserError(f"The repository URL {shown(text)} has spaces or control characters, or is too long")
    remote = known_form(text)
    if remote is None:
        raise UserError(
            f"{shown(hidden(text))} is not a repository URL",
            hint="Use https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH.",
        )
    if remote.scheme == "file":
        if local or "file" in protocols:
            return remote
        raise UserError(
            f"{shown(text)} is a path of the host, which is not allowed over SSH",
            hint="Run the command on the host, or use a URL.",
        )
    if remote.scheme not in protocols and not (loopback and remote.scheme == "http" and is_loopback(remote.host)):
        raise UserError(
            f"The protocol {remote.scheme} is not allowed (allowed: {', '.join(protocols)})",
            hint="An admin may allow it: git:set --global allowed-protocols ...",
        )
    return remote


def is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def known_form(text: str) -> Remote | None:
    found = FULL.fullmatch(text)
    if found:
        scheme, host, port, path = found["scheme"], found["host"], found["port"], found["path"]
        from urllib.parse import unquote

        user, password = unquote(found["user"] or ""), found["password"]
        at = f":{port}" if port else ""
        if scheme in ("https", "http"):
            secret = Secret(unquote(password)) if password is not None else None
            return Remote(f"{scheme}://{host}{at}{path}", scheme, host, user, secret, int(port or 0))
        if password is not None or user.startswith("-"):
            return None
        prefix = f"{found['user']}@" if user else ""
        return Remote(f"{scheme}://{prefix}{host}{at}{path}", scheme, host, user, port=int(port or 0))
    found = SCP_LIKE.fullmatch(text)
    if found:
        return Remote(text, "ssh", found["host"], found["user"])
    path = text.removeprefix("file://")
    if path.startswith("/") and not path.startswith("//"):
        return Remote(path, "file")
    return None


def hidden(text: str) -> str:
    """A URL without its password, for messages and records."""
    return re.sub(r"(://[^/@\s:]*):?[^/@\s]*@", r"\1:***@", text) if "://" in text else text


def relative_to(origin: str, url: str) -> str:
    """A submodule's `./x` or `../x` as git understands it: relative to the URL that the superproject came from."""
    base = origin.rstrip("/")
    rest = url
    while True:
        if rest.startswith("./"):
            rest = rest[2:]
        elif rest.startswith("../"):
            rest = rest[3:]
            cut = max(base.rfind("/"), base.rfind(":") if "://" not in base else -1)
            if cut <= base.find("://") + 2:
                raise UserError(
                    f"The submodule URL {shown(url)} leads out of {origin}",
                    hint="Give the submodule an absolute URL: git submodule set-url PATH URL",
                )
            base = base[:cut] if base[cut] == "/" else base[: cut + 1]
        else:
            break
    return f"{base}{rest}" if base.endswith(":") else f"{base}/{rest}"
