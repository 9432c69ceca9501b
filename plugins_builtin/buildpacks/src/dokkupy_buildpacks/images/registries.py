"""Which versions a language's own registry has, asked by the host before anything is built of one."""

from __future__ import annotations

import json
import ssl
import urllib.request

from dokkupy_sdk import Host
from dokkupy_sdk.buildpack import Toolchain, Wanted
from dokkupy_sdk.errors import AppError

from dokkupy_buildpacks.settings import SETTINGS, bundle_of

SECONDS = 10
LARGEST = 32 << 20


def require_published(host: Host, toolchain: Toolchain, wanted: Wanted) -> None:
    """Raises AppError when no released version will do. What a registry that cannot be asked has is for the build to see."""
    versions = versions_of(host, toolchain)
    if not versions or any(wanted.accepts(version) for version in versions):
        return
    newest = sorted({int(version.split(".")[0]) for version in versions}, reverse=True)[:6]
    raise AppError(
        f"There is no {toolchain.name} {wanted.text}, which {wanted.origin} asks for",
        details=(f"Major versions that there are, newest first: {', '.join(map(str, newest))}.",),
        hint=f"Change {wanted.origin}.",
        code="no_toolchain",
    )


def versions_of(host: Host, toolchain: Toolchain) -> list[str]:
    """The released versions; none when the registry is not known here, or cannot be asked: the build then says why."""
    if not toolchain.package:
        return []
    registry = SETTINGS.get(host.store, None, "npm-registry") or "https://registry.npmjs.org"
    try:
        found = json.loads(fetch(host, f"{registry.rstrip('/')}/{toolchain.package}"))
        versions = [str(version) for version in found["versions"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [version for version in versions if version.replace(".", "").isdigit() and version.count(".") == 2]


def fetch(host: Host, url: str) -> bytes:
    """An address that the administrator chose, by the way of builds: their proxy, their certificates."""
    proxies = {
        scheme: SETTINGS.get(host.store, None, f"{scheme}-proxy")
        for scheme in ("http", "https")
        if SETTINGS.get(host.store, None, f"{scheme}-proxy")
    }
    bundle = bundle_of(SETTINGS.get(host.store, None, "ca-bundle"))
    context = ssl.create_default_context(cafile=bundle or None)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=context)
    )
    # The short form of npm's registry: without every version's documentation.
    request = urllib.request.Request(url, headers={"Accept": "application/vnd.npm.install-v1+json"})
    with opener.open(request, timeout=SECONDS) as answer:
        data: bytes = answer.read(LARGEST)
    return data
