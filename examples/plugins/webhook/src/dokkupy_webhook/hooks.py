"""Observes deploys. What an observer raises is a warning: the deploy stands."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.model import Deployment


@hookimpl
def on_deploy_finished(host: Host, app: AppName, deployment: Deployment | None, outcome: str, reason: str) -> None:
    from dokkupy_webhook.settings import SETTINGS

    if not SETTINGS.get(host.store, app, "url"):
        return  # before anything heavy is imported
    from datetime import UTC, datetime

    from dokkupy_webhook.send import send

    release = deployment.release if deployment is not None else None
    send(host, app, {
        "event": "deploy_finished", "app": str(app), "outcome": outcome, "reason": reason,
        "release": release.number if release is not None else None,
        "revision": release.revision if release is not None else "",
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    })  # fmt: skip
