"""Where an app answers: its domains and certificate, as the state and the plugins say."""

from __future__ import annotations

from dokkupy.host import Host
from dokkupy.model.names import AppName
from dokkupy.model.proxy import Route
from dokkupy.roles.proxy import Proxy
from dokkupy.usecases.release_records import is_deployed
from dokkupy.usecases.routes import (
    certificates_of,
    default_domains,
    detected_map,
    domains_of,
    listed_domains,
    proxy_enabled,
    stored_route,
    urls,
    why_unreachable,
)


def has_certificate(host: Host, app: AppName) -> bool:
    """Whether some plugin has a certificate for one of the app's names."""
    return bool(certificates_of(host, app))


def stored_routes(host: Host, proxy: Proxy) -> tuple[list[Route], list[tuple[AppName, Exception]]]:
    """(the routes that the state asks for, of the deployed apps whose proxy this is; the apps whose route cannot be
    made, each with the reason)."""
    from dokkupy_sdk.many import over_each

    def route(app: AppName) -> Route | None:
        serves = is_deployed(host, app) and proxy_enabled(host, app) and host.proxy(app) is proxy
        return stored_route(host, app) if serves else None

    found, failed = over_each(host.store.apps(), route)
    return [one for _, one in found if one is not None], failed


__all__ = [
    "certificates_of",
    "default_domains",
    "detected_map",
    "domains_of",
    "has_certificate",
    "listed_domains",
    "proxy_enabled",
    "stored_route",
    "stored_routes",
    "urls",
    "why_unreachable",
]
