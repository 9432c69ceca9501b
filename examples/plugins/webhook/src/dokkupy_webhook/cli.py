"""`webhook:*`."""

from __future__ import annotations

from typing import Annotated

from dokkupy_sdk.cli import Answer, Arg, Group, Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import add_property_commands

from dokkupy_webhook.settings import SETTINGS

group = Group("webhook", "Tell a web address how deploys ended")


@group.command("test", needs="app:admin")
def test(host: Host, app: Annotated[AppName, Arg("app")]) -> Answer:
    """Send a ping, and say whether it was taken."""
    from dokkupy_webhook.send import send

    host.store.need_app(app)
    if not send(host, app, {"event": "ping", "app": str(app)}):
        raise UserError(f"App {app} has no webhook", hint=f"Set it: webhook:set {app} url https://...")
    return Answer({"app": app, "delivered": True}, [f"-----> The webhook of {app} took it"])


add_property_commands(group, SETTINGS, needs="app:admin")
