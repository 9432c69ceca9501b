"""Diagnoses in the life of an app: after a failed deploy, and this plugin's own causes."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.diagnosis import Cause, Evidence
    from dokkupy_sdk.errors import DokkupyError


@hookimpl
def diagnose(host: Host, evidence: Evidence) -> Iterable[Cause]:
    if evidence.step == "serve":
        from dokkupy_why.state import unreachable

        return unreachable(host, AppName(evidence.app))
    if evidence.step == "stopped":
        from dokkupy_why.state import lost_image

        return lost_image(host, AppName(evidence.app))
    from dokkupy_why.diagnosis import known_causes

    return known_causes(evidence)


@hookimpl
def on_deploy_finished(host: Host, app: AppName, outcome: str, error: DokkupyError | None) -> None:
    """The error that ends a failed deploy, start or scaling names the cause and what fixes it."""
    if outcome != "failed" or error is None:
        return
    from dokkupy_sdk.help import screen_width

    from dokkupy_why.diagnosis import causes_of
    from dokkupy_why.evidence import failed_deploy
    from dokkupy_why.render import INDENT, hint_lines

    screen = 0 if host.out.is_json else screen_width()
    width = screen - INDENT if screen else 0
    lines: list[str] = []
    is_known = False
    for evidence in failed_deploy(host, app):
        if evidence.code != error.code or not error.message.startswith(evidence.reason[:40]):
            return  # of an earlier deploy
        lines += hint_lines(error.message, causes_of(host, evidence), width)
        is_known = True
    see = error.hint.splitlines()
    if see and see[-1].startswith("See also:"):
        see[-1] += f", why {app}"
    elif is_known:
        see.append(f"See also: why {app}")
    error.hint = "\n".join([*dict.fromkeys(lines), *see])
