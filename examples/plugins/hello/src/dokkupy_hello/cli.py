"""`hello:*`. Imported when such a command is typed, and not before."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host
from dokkupy_sdk.names import AppName

group = Group("hello", "Say hello")


# `needs` is the permission that an SSH key must have. The types parse the words: what is no app's name gets no further.
@group.command("greet", permission="app:read")
def greet(host: Host, app: Annotated[AppName, Arg("app")]) -> CommandResult:
    """Say hello from an app."""
    host.store.require_app(app)
    text = f"Hello from {app}"
    return CommandResult({"app": app, "greeting": text}, [text])  # for `--format json`, and for people
