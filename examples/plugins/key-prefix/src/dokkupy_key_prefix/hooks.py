"""Adds a variable to each link to a cache: the prefix that the app puts before its keys, so that apps can share one."""

from __future__ import annotations

from collections.abc import Iterable

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName, Secret

CACHES = ("redis", "valkey", "memcached")
"""Kinds of services whose keys are in one space for all clients."""


@hookimpl
def service_link(host: Host, app: AppName, service: str) -> Iterable[tuple[str, Secret]]:
    kind = service.partition(":")[0]
    return [(f"{kind.upper()}_KEY_PREFIX", Secret(f"{app}:"))] if kind in CACHES else []
