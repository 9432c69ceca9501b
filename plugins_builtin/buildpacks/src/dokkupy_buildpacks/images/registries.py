"""Find out which versions the registry of a language has, before anything is built."""

from __future__ import annotations

import json
import re

from dokkupy_sdk import Host
from dokkupy_sdk.buildpack import Toolchain, Wanted
from dokkupy_sdk.errors import AppError

from dokkupy_buildpacks.settings import SETTINGS, bundle_of

SECONDS = 10
LARGEST = 32 << 20


def require_fetchable(host: Host, toolchain: Toolchain, wanted: Wanted, version: str) -> None:
    """Raises AppError if a base is too old for the version, and the registry does not have what the language's own tool
    would fetch. A base that only says `1.24` may have any patch level, so it counts as the first one."""
    if wanted.fetched and (*numbers(version), 0, 0)[:3] < numbers(wanted.fetched):
        require_published(host, toolchain, wanted)


def require_published(host: Host, toolchain: Toolchain, wanted: Wanted) -> None:
    """Raises AppError if no released version fits. If the registry does not respond, nothing is raised and the build
    finds out."""
    versions = versions_of(host, toolchain)
    there = wanted.fetched in versions if wanted.fetched else any(wanted.accepts(version) for version in versions)
    if not versions or there:
        return
    # A release line is a major version of Node.js, and a minor version of Go.
    depth = 1 if toolchain.registry == "npm" else 2
    newest = sorted({numbers(version)[:depth] for version in versions}, reverse=True)[:6]
    shown = ", ".join(".".join(map(str, line)) for line in newest)
    raise AppError(
        f"{wanted.origin} asks for {toolchain.name} {wanted.fetched or wanted.text}, which does not exist",
        details=(f"Released versions, newest first: {shown}.",),
        hint=f"Change {wanted.origin}.",
        code="no_toolchain",
    )


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def versions_of(host: Host, toolchain: Toolchain) -> list[str]:
    """The released versions. Empty if the registry is unknown or does not respond; the build then shows why."""
    if not toolchain.package:
        return []
    try:
        found = of_npm(host, toolchain.package) if toolchain.registry == "npm" else of_go(host, toolchain.package)
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [version for version in found if version.replace(".", "").isdigit()]


def of_npm(host: Host, package: str) -> list[str]:
    registry = SETTINGS.get(host.store, None, "npm-registry") or "https://registry.npmjs.org"
    found = json.loads(fetch(host, f"{registry.rstrip('/')}/{package}"))
    return [str(version) for version in found["versions"] if str(version).count(".") == 2]


def of_go(host: Host, package: str) -> list[str]:
    """The protocol of module proxies (go.dev/ref/mod#goproxy-protocol); a toolchain is `v0.0.1-go1.25.3.linux-amd64`."""
    proxy = SETTINGS.get(host.store, None, "go-proxy") or "https://proxy.golang.org"
    text = fetch(host, f"{proxy.rstrip('/')}/{package}/@v/list").decode()
    return re.findall(r"(?m)^v0\.0\.1-go([0-9.]+)\.linux-amd64$", text)


def fetch(host: Host, url: str) -> bytes:
    """Fetch an address that an admin chose, with the proxy and the certificates of builds."""
    import ssl
    import urllib.request

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
