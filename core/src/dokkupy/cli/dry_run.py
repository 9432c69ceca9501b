"""`--dry-run`: the command runs without changing anything, and its plan is printed."""

from __future__ import annotations

from dokkupy.cli.declare import CommandResult
from dokkupy.cli.output import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dokkupy.cli.declare import Command
    from dokkupy.cli.parse import Invocation
    from dokkupy.host import Host


class PlanTerminal(Terminal):
    """Prints warnings, but no progress, because nothing is being done."""

    def write(self, stream: Any, line: str) -> None:
        if stream is self.stderr:
            super().write(stream, line)

    def progress(self, text: str) -> None:
        pass


def run_dry(host: Host, call: Invocation) -> CommandResult:
    """The result of a dry run: the plan, and the exit status that the command would have."""
    from dokkupy.kernel.dry_run import dry

    out = PlanTerminal(quiet=getattr(host.out, "quiet", False), trace=getattr(host.out, "trace", False))
    host = dry(host.for_invocation(out=out))
    answer = call.command.function(host, *call.arguments, **call.keywords)
    if not isinstance(answer, CommandResult):
        answer = CommandResult(status=int(answer or 0))
    return plan_answer(host, call.command, call.app, answer)


def plan_answer(host: Host, command: Command, app: str | None, answer: CommandResult) -> CommandResult:
    """The plan as a result. A command that makes its own plan (`dry_run` in its data) keeps its own."""
    if isinstance(answer.data, dict) and answer.data.get("dry_run") and not host.plan and (text := list(answer.text)):
        return CommandResult(answer.data, text, status=answer.status)
    lines = [f"Would {line}" for line in host.plan] or ["Nothing would change"]
    return CommandResult(
        {"command": command.full_name, "app": app, "dry_run": True, "plan": host.plan, "status": answer.status},
        lines,
        status=answer.status,
    )
