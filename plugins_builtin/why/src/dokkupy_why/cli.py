"""The command `why`."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, harmless
from dokkupy_sdk.names import AppName

group = Group("why", "Say why an app failed or does not answer", bare="")

App = Annotated[AppName, Arg("app")]


@group.command("", permission="app:read")
def why(host: Host, app: App) -> CommandResult:
    """Say why the last deploy failed, a process crashed or the app does not answer, and what fixes it."""
    from dokkupy_sdk.help import screen_width

    from dokkupy_why.diagnosis import causes_of
    from dokkupy_why.evidence import gathered, is_failure
    from dokkupy_why.render import data_of, next_commands, text_of
    from dokkupy_why.state import state_of

    host.store.require_app(app)
    found = [(evidence, causes_of(host, evidence)) for evidence in gathered(host, app)]
    lost = any(causes for evidence, causes in found if evidence.step == "stopped")
    found = [(evidence, causes) for evidence, causes in found if causes or is_failure(evidence, lost=lost)]
    state, sentences = state_of(host, app, is_well=not found)
    lines: list[str] = []
    shown: set[str] = set()
    for evidence, causes in found:
        lines += text_of(evidence, causes, screen_width(), shown=shown)
        shown |= {one.title for one in causes}
    text = [*lines, *(f"       {line}" for line in sentences), *(next_commands(app, found) if found else [])]
    data = {"app": str(app), "state": state, "notes": sentences, "failures": [data_of(*one) for one in found]}
    return CommandResult(data, [harmless(line) for line in text])
