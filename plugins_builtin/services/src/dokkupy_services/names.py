"""Names of services. Imports little, because the commands of every datastore load it."""

from __future__ import annotations

import os
import re

from dokkupy_sdk.names import AppName, Identifier
from dokkupy_sdk.state_files import state_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host


class ServiceName(Identifier):
    """The name of a service (reference, section 2.6), at most 48 characters so that its host names are DNS labels."""

    __slots__ = ()
    what = "Service name"
    rule = (
        "may only contain letters, digits, underscores and hyphens (at most 48), and must begin with a letter or digit"
    )
    pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
    max_length = 48
    noun = "service"

    def owners(self, host: Host, namespace: str) -> tuple[AppName, ...]:
        """The apps to which the service of the kind `namespace` is linked. A key that has all of them may use it."""
        return tuple(AppName(app) for app in linked_apps(host, namespace, self))

    @classmethod
    def complaint(cls, text: str) -> str:
        return super().complaint(text) if text else "Please specify a valid name for the service"


class Exposure(Identifier):
    """A port of the host, or `ADDRESS:PORT`; `expose` reads it."""

    __slots__ = ()
    what = "Port"
    rule = "is not a port, or ADDRESS:PORT"
    pattern = re.compile(r"(?:\[?[0-9A-Za-z.:%]+\]?:)?[0-9]{1,5}")

    @classmethod
    def complaint(cls, text: str) -> str:
        return f"{text[:60]!r} is not a port, or ADDRESS:PORT"


def linked_apps(host: Host, kind: str, name: str) -> list[str]:
    """The apps that have a link, even a broken or lost one. Links of destroyed apps do not count."""
    files = state_files(host.store, os.path.join("services", kind, name, "links"))
    every = [os.path.basename(path).removesuffix(".toml") for path in files]
    return [app for app in every if AppName.fits(app) and host.store.has_traces(AppName(app))]


def variable(kind: str, what: str) -> str:
    """A variable of the host's environment that configures one kind of service: `POSTGRES_IMAGE`."""
    return f"{kind.upper().replace('-', '_')}_{what}"
