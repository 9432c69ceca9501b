"""`hello:*`. Imported when such a command is typed, and not before."""

from __future__ import annotations

from typing import Annotated

from dokkupy_sdk.cli import Answer, Arg, Group, Host
from dokkupy_sdk.names import AppName

group = Group("hello", "Say hello")


# `needs` is the permission that an SSH key must have. The types parse the words: what is no app's name gets no further.
@group.command("greet", needs="app:read")
def greet(host: Host, app: Annotated[AppName, Arg("app")]) -> Answer:
    """Say hello from an app."""
    host.store.need_app(app)
    text = f"Hello from {app}"
    return Answer({"app": app, "greeting": text}, [text])  # for `--format json`, and for people
