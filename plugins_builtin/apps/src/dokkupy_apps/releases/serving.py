"""What the state says of the release that serves. Light: reports and listings ask it without the release's model."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.state import ReleaseSummary, ServingFile


def release_key(number: int) -> str:
    """How the state calls a release. By name in the order of their numbers."""
    return f"{number:06d}"


def is_deployed(host: Host, app: AppName) -> bool:
    return host.store.find(ServingFile, app) is not None


def serving_summary(host: Host, app: AppName) -> ReleaseSummary | None:
    """The serving release, for reports that want a value or two of it; None when there is none."""
    serving = host.store.find(ServingFile, app)
    return host.store.find(ReleaseSummary, app, release_key(serving.release)) if serving is not None else None
