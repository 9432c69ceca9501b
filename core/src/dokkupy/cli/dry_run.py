"""`--dry-run`: the command runs without changing anything, and its plan is printed."""

from __future__ import annotations

from dokkupy.cli.declare import CommandResult
from dokkupy.cli.output import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dokkupy.cli.parse import Invocation
    from dokkupy.host import Host


class PlanTerminal(Terminal):
    """Prints warnings, but no progress, because nothing is being done."""

    def write(self, stream: Any, line: str, style: str = "") -> None:
        if stream is self.stderr:
            super().write(stream, line, style)

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
    return plan_answer(host, call, answer)


def plan_answer(host: Host, call: Invocation, answer: CommandResult) -> CommandResult:
    """The plan as a result. A command that makes its own plan (`dry_run` in its data) keeps its own."""
    from dokkupy.cli.plan import differences, plan_lines
    from dokkupy.kernel.dry_run import FileChange

    if isinstance(answer.data, dict) and answer.data.get("dry_run") and not host.plan and (text := list(answer.text)):
        return CommandResult(answer.data, text, status=answer.status)
    changes = [one for line in host.plan if isinstance(line, FileChange) for one in differences(line)]
    about = {"command": call.command.full_name, "app": call.app, "dry_run": True, "status": answer.status}
    data = {**about, "plan": host.plan, "changes": changes}
    return CommandResult(data, plan_lines(host.plan, verbose=call.verbose), status=answer.status)
