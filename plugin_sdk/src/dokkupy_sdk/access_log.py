"""The optional role of a proxy that recorded the requests of apps: how many there were, how long they took, how many were lost."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName


@dataclass(frozen=True, slots=True)
class Traffic:
    """lost: requests that the proxy itself answered with an error, because no instance answered. p95: seconds within which
    95 of 100 were answered; None if there were no requests."""

    requests: int
    lost: int
    p95: float | None = None


class AccessLog(ABC):
    """What a proxy recorded of the requests that it answered, except those by which dokkupy itself looks at what is served. A
    request may come into the record a moment after its answer. Its entry point (group `dokkupy.access_log`) has the
    proxy's name."""

    @abstractmethod
    def mark(self, app: AppName) -> str:
        """A text for where the record of the app's requests ends now; empty if there is none."""

    @abstractmethod
    def since(self, app: AppName, mark: str) -> Traffic | None:
        """The requests since a mark. None if they cannot be counted: the log is off, was rotated, or lacks what tells."""

    @abstractmethod
    def recent(self, app: AppName, seconds: float) -> Traffic | None:
        """The requests of the last `seconds`. Reads a bounded part of the log's end, so it may stand for the latest of
        them. None if they cannot be counted."""


def access_log(host: Host, app: AppName) -> AccessLog | None:
    """The record of the app's proxy; None if that keeps none."""
    if not host.offered("access_log"):
        return None
    name = host.proxy_name(app)
    return host.role("access_log", name) if name in host.offered("access_log") else None


def mark(host: Host, app: AppName) -> str:
    """Where the app's record ends now. Never raises: a deploy does not fail because it cannot be counted."""
    try:
        found = access_log(host, app)
        return found.mark(app) if found is not None else ""
    except Exception:
        return ""


def since(host: Host, app: AppName, start: str) -> Traffic | None:
    """The requests since a mark; None if they cannot be counted."""
    try:
        found = access_log(host, app) if start else None
        return found.since(app, start) if found is not None else None
    except Exception:
        return None
