"""Says hello after a deploy."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName


@hookimpl
def on_deploy_finished(host: Host, app: AppName, outcome: str) -> None:
    if outcome == "succeeded":
        host.out.detail(f"Hello from {app}")
