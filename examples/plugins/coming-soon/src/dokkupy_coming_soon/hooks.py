"""Adds one fact to the routes of the apps that have a page: everything below `/` is answered with it."""

from __future__ import annotations

from collections.abc import Iterable

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.proxy_facts import ProxyFact


@hookimpl
def proxy_config(host: Host, app: AppName) -> Iterable[ProxyFact]:
    from dokkupy_coming_soon.settings import SETTINGS

    directory = SETTINGS.get(host.store, app, "directory")
    if not directory:
        return []
    from dokkupy_sdk.proxy_facts import Location

    return [Location("/", directory, status=503)]
