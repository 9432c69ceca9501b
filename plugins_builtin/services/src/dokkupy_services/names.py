"""Names of services. Light: the commands of every datastore parse by it."""

from __future__ import annotations

import re

from dokkupy_sdk.names import Identifier


class ServiceName(Identifier):
    """The name of a service (reference, section 2.6), at most 48 characters so that its host names are DNS labels."""

    __slots__ = ()
    what = "Service name"
    rule = "may only contain letters, digits, underscores and hyphens (at most 48), and begins with a letter or digit"
    pattern = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
    max_length = 48

    @classmethod
    def complaint(cls, text: str) -> str:
        return super().complaint(text) if text else "Please specify a valid name for the service"


def variable(kind: str, what: str) -> str:
    """The variable of the host's environment that says something of one kind of service: `POSTGRES_IMAGE`."""
    return f"{kind.upper().replace('-', '_')}_{what}"
