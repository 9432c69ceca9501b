"""The records of maintenance, redirects and passwords."""

from __future__ import annotations

from dokkupy_sdk.names import Secret
from dokkupy_sdk.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class MaintenanceFile(Record, file="apps/*/maintenance"):
    """page: path below the page's directory -> content in base64; empty for the standard page."""

    enabled: bool = False
    page: Mapping[str, str] = {}


class RedirectFile(Record, file="apps/*/redirect"):
    """domains: one of the app's names -> the name to which its requests are sent."""

    domains: Mapping[str, str] = {}


class HttpAuthFile(Record, file="apps/*/http-auth"):
    """users: name -> the hash of the password. allowed: addresses and networks that need no password."""

    enabled: bool = False
    users: Mapping[str, Secret] = {}
    allowed: tuple[str, ...] = ()
