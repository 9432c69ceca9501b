"""The host and the app: from the options, the environment and the git remotes of the folder."""

from __future__ import annotations

import os

from dokkupy_client.faults import NOT_CONFIGURED, Fault
from dokkupy_client.programs import captured

USERS = ("dokku", "dokkupy")
DEFAULT = "dokku"
"""The name of the remote, and the login name where a URL has none."""


class Target:
    """Where a command goes. app: empty where none is known. remote: the git remote that named the host, else empty."""

    __slots__ = ("app", "host", "port", "remote", "user")

    def __init__(self, host: str, *, user: str = DEFAULT, port: str = "", app: str = "", remote: str = "") -> None:
        self.host = safe(host, "host")
        self.user = safe(user or DEFAULT, "user")
        self.port = port
        self.app = app
        self.remote = remote
        if port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
            raise Fault(f"{port[:20]!r} is not a port", "DOKKU_PORT and the port of a URL are numbers up to 65535.")

    @property
    def login(self) -> str:
        return f"{self.user}@{self.host}"

    def url(self, app: str) -> str:
        """The git remote of an app on this host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ssh://{self.user}@{host}:{self.port}/{app}" if self.port or ":" in self.host else f"{self.login}:{app}"


def safe(text: str, what: str) -> str:
    """A name that ssh cannot take for an option, and that has nothing else in it."""
    if not text or text.startswith("-") or any(not mark.isalnum() and mark not in "._-:%" for mark in text):
        raise Fault(f"{text[:80]!r} is not the name of a {what}", "Give it as HOST, or as USER@HOST:PORT in a URL.")
    return text


def parse_url(url: str) -> Target | None:
    """The target of a git URL for SSH: `dokku@host:app`, `host:app`, `ssh://dokku@host:22/app`. None for any other."""
    scheme, found, rest = url.partition("://")
    if found:
        if scheme not in ("ssh", "git+ssh", "ssh+git"):
            return None
        login, _, path = rest.partition("/")
        user, host, port = split_login(login)
    else:
        head, _, path = after_host(url)
        if not path or "/" in head:  # a path, or a drive of Windows
            return None
        user, host, port = split_login(head)
    app = path.strip("/").removeprefix("~/")
    app = app.removesuffix(".git")
    if not host or not app or "/" in app:
        return None
    try:
        return Target(host, user=user, port=port, app=app)
    except Fault:
        return None


def after_host(url: str) -> tuple[str, str, str]:
    """The login and the path of `user@host:path`; an address of IPv6 is in brackets."""
    end = url.find("]") + 1 if "[" in url.partition(":")[0] else 0
    head, colon, path = url[end:].partition(":")
    return url[:end] + head, colon, path


def split_login(login: str) -> tuple[str, str, str]:
    user, _, host = login.rpartition("@")
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        return user, name, port.removeprefix(":")
    name, _, port = host.partition(":")
    return user, name, port


def git(folder: str = "") -> list[str]:
    """The beginning of a command line of git, in a folder or the current one."""
    return ["git", *(["-C", folder] if folder else [])]


def configured(folder: str = "") -> tuple[dict[str, str], str]:
    """The URLs of the git remotes by name, and `dokku.remote`; nothing outside a repository and without git."""
    argv = [*git(folder), "config", "-z", "--get-regexp", r"^(remote\..*\.url|dokku\.remote)$"]
    try:
        status, out, _ = captured(argv)
    except Fault:
        return {}, ""
    urls: dict[str, str] = {}
    chosen = ""
    for record in out.decode("utf-8", "replace").split("\0") if status == 0 else ():
        key, _, value = record.partition("\n")
        if key == "dokku.remote":
            chosen = value
        elif key:
            urls.setdefault(key.removeprefix("remote.").removesuffix(".url"), value)
    return urls, chosen


def find(*, app: str = "", remote: str = "", folder: str = "") -> Target:
    """The target of a command. app, remote: what `--app` and `--remote` say. Raises Fault where no host is known."""
    urls, chosen = configured(folder)
    wanted = remote or os.environ.get("DOKKU_REMOTE") or chosen
    found = by_name(urls, wanted) if wanted else likely(urls)
    host = os.environ.get("DOKKU_HOST", "")
    if host:
        user, name, port = split_login(host)
        there = found if found and found.host == name else None
        found = Target(name, user=user or (there.user if there else ""), port=port, app=found.app if found else "")
    if found is None:
        raise not_configured(urls)
    port = os.environ.get("DOKKU_PORT") or found.port
    return Target(found.host, user=found.user, port=port, app=app or found.app, remote=found.remote)


def by_name(urls: dict[str, str], name: str) -> Target:
    if name not in urls:
        known = ", ".join(sorted(urls)) or "none"
        raise Fault(f"There is no git remote {name}", f"The remotes of this folder: {known}.", NOT_CONFIGURED)
    found = parse_url(urls[name])
    if found is None:
        raise Fault(
            f"The git remote {name} is not an app: {urls[name][:200]}", "It would be dokku@HOST:APP.", NOT_CONFIGURED
        )
    found.remote = name
    return found


def likely(urls: dict[str, str]) -> Target | None:
    """The remote `dokku`, else the only one with a login name of a host. Raises Fault where several are."""
    if DEFAULT in urls:
        return by_name(urls, DEFAULT)
    found = {name: target for name, url in urls.items() if (target := parse_url(url)) and target.user in USERS}
    if len(found) > 1:
        raise Fault(
            f"Several git remotes are apps: {', '.join(sorted(found))}",
            "Choose one: --remote NAME, DOKKU_REMOTE=NAME, or for good: dokku remote:set NAME",
            NOT_CONFIGURED,
        )
    for name, target in found.items():
        target.remote = name
        return target
    return None


def not_configured(urls: dict[str, str]) -> Fault:
    where = "No git remote of this folder is an app" if urls else "This folder has no git remote"
    return Fault(f"{where}, so the host is not known", "Type: dokku init HOST, or set DOKKU_HOST=HOST.", NOT_CONFIGURED)
