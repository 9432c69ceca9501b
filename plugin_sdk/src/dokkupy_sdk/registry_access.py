"""Logins of image registries: which hold for an app, and how a program gets them that builds images."""

from __future__ import annotations

import os
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dokkupy.host import Host
    from dokkupy.model.build import RegistryLogin
    from dokkupy.model.names import AppName

HUB = "docker.io"
HUB_NAMES = (HUB, "index.docker.io", "registry-1.docker.io", "hub.docker.com", "registry.hub.docker.com")
HUB_ADDRESS = "https://index.docker.io/v1/"
"""Under which the programs keep the login of Docker Hub."""


def server_of(ref: str) -> str:
    """The registry of an image, as the engine reads its name. Pure."""
    first, slash, _ = ref.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        return HUB
    return HUB if first.lower() in HUB_NAMES else first.lower()


def logins_of(host: Host, app: AppName | None) -> dict[str, RegistryLogin]:
    """Server -> login. An app's own counts more than the one that all apps share. app: None for what all share."""
    from dokkupy.hookspecs import registry_logins

    found = [login for _, login in host.hooks.gather(registry_logins, host=host, app=app)]
    return {login.server: login for login in sorted(found, key=lambda one: not one.shared)}


def login_for(host: Host, app: AppName | None, ref: str) -> RegistryLogin | None:
    """The login with which an app uses the registry of an image."""
    return logins_of(host, app).get(server_of(ref))


@contextmanager
def client_settings(host: Host, logins: Mapping[str, RegistryLogin]) -> Iterator[dict[str, str]]:
    """The variables by which docker, pack and BuildKit's clients find the logins: a directory that only we can read, gone at the
    end. What the user's own configuration says stays, such as its proxies."""
    import json

    from dokkupy_sdk.files import write_atomic
    from dokkupy_sdk.scratch import scratch_directory

    if not logins:
        yield {}
        return
    home = os.path.join(os.path.expanduser("~"), ".docker")
    with scratch_directory(host.path("tmp", "registry-logins")) as directory:
        write_atomic(os.path.join(directory, "config.json"), json.dumps(merged(own_settings(home), logins)).encode())
        plugins = os.path.join(home, "cli-plugins")
        if os.path.isdir(plugins):
            os.symlink(plugins, os.path.join(directory, "cli-plugins"))
        yield {"DOCKER_CONFIG": directory, "BUILDX_CONFIG": os.path.join(home, "buildx")}


def own_settings(home: str) -> dict[str, object]:
    import json

    try:
        with open(os.path.join(home, "config.json"), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def merged(settings: Mapping[str, object], logins: Mapping[str, RegistryLogin]) -> dict[str, object]:
    """A configuration of the docker client with the logins. Pure. A store of passwords (`credsStore`) would be asked in their
    place; so it is asked only for the servers that it has."""
    import base64

    given = settings.get("auths")
    auths = dict(given) if isinstance(given, dict) else {}
    helpers = settings.get("credHelpers")
    stores = dict(helpers) if isinstance(helpers, dict) else {}
    if store := settings.get("credsStore"):
        stores = {**dict.fromkeys(auths, store), **stores}
    for server, login in logins.items():
        address = HUB_ADDRESS if server == HUB else server
        text = f"{login.user}:{login.password.reveal()}"
        auths[address] = {"auth": base64.b64encode(text.encode()).decode()}
        stores.pop(address, None)
    rest = {key: value for key, value in settings.items() if key not in ("auths", "credHelpers", "credsStore")}
    return {**rest, "auths": auths, **({"credHelpers": stores} if stores else {})}
