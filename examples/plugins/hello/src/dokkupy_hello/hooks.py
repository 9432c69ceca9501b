"""Says hello after a deploy. Every deploy imports this module, so heavy imports belong into the functions."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName


@hookimpl
def on_deploy_finished(host: Host, app: AppName, outcome: str) -> None:
    """The name says which hook this is, `on_` that it only observes: were it to fail, the deploy would stand.

    It takes those of the hook's arguments that it needs; `dokkupy.hookspecs` has them all.
    """
    if outcome == "succeeded":
        host.out.detail(f"Hello from {app}")
