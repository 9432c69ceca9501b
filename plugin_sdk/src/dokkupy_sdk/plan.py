"""The plan of a dry run, as people read it: a changed file as a diff, everything else as a sentence.

`Planner` is the entry point `dokkupy.planner` by which core runs a command with `--dry-run`.
"""

from __future__ import annotations

from dokkupy.cli.declare import CommandResult
from dokkupy.cli.output import Terminal
from dokkupy.model.secret import Sealed, Secret

from dokkupy_sdk.dry_run import Detail, FileChange, dry, same
from dokkupy_sdk.lines import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dokkupy.cli.parse import Invocation
    from dokkupy.host import Host

__all__ = ["Planner"]

LONGEST_VALUE = 60
"""Characters of a value that a diff shows."""


class PlanTerminal(Terminal):
    """Prints warnings, but no progress, because nothing is being done."""

    def write(self, stream: Any, line: str, style: str = "") -> None:
        if stream is self.stderr:
            super().write(stream, line, style)

    def progress(self, text: str) -> None:
        pass


class Planner:
    """Runs a command without changing anything."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def run(self, call: Invocation) -> CommandResult:
        """The plan as a result, with the exit status that the command would have. A command that makes its own plan
        (`dry_run` in its data) keeps its own."""
        out = self.host.out
        quiet = PlanTerminal(quiet=getattr(out, "quiet", False), trace=getattr(out, "trace", False))
        host = dry(self.host.for_invocation(out=quiet))
        answer = call.command.function(host, *call.arguments, **call.keywords)
        if not isinstance(answer, CommandResult):
            answer = CommandResult(status=int(answer or 0))
        if isinstance(answer.data, dict) and answer.data.get("dry_run") and not host.plan:
            if text := list(answer.text):
                return CommandResult(answer.data, text, status=answer.status)
        changes = [one for line in host.plan if isinstance(line, FileChange) for one in differences(line)]
        about = {"command": call.command.full_name, "app": call.app, "dry_run": True, "status": answer.status}
        data = {**about, "plan": host.plan, "changes": changes}
        return CommandResult(data, plan_lines(host.plan, verbose=call.verbose), status=answer.status)


def plan_lines(plan: Sequence[str], *, verbose: bool) -> list[str]:
    """Details are shown only with `--verbose`, or if the plan has nothing else. Diffs are shown without it."""
    shown = [line for line in plan if verbose or not isinstance(line, Detail)] or plan
    lines: list[str] = []
    for line in shown:
        if isinstance(line, FileChange) and not verbose and (rows := differences(line)):
            lines += [f"Would change {title_of(line.path)}:", *map(row_text, rows)]
        else:
            lines.append(f"Would {line}")
    return lines or ["Nothing would change"]


def title_of(path: tuple[str, ...]) -> str:
    """`settings of blog (config)` for apps/blog/config, `settings of the host (domains)` for global/domains."""
    if path[0] == "apps":
        return f"settings of {path[1]} ({' '.join(path[2:])})"
    return f"settings of the host ({' '.join(path[1:])})" if path[0] == "global" else f"the record {'/'.join(path)}"


def differences(line: FileChange) -> list[dict[str, Any]]:
    """What a change of a file changes: file, key, change (`+`, `-` or `~`), before and after. Each item that a list gains
    or loses is a difference of its own. before and after are None for secrets, and for texts that could be
    secrets."""
    found: list[dict[str, Any]] = []
    for key in sorted({*line.before, *line.after}):
        old, new = line.before.get(key), line.after.get(key)
        for before, after in () if same(old, new) else pairs(old, new):
            found.append(
                {
                    "file": "/".join(line.path),
                    "key": key,
                    "change": "+" if before is None else "-" if after is None else "~",
                    "before": None if hides(old, new) else printable(before),
                    "after": printable(after),
                }
            )
    return found


def hides(old: Any, new: Any) -> bool:
    """Whether an old value could be a secret: a host without encryption has its secrets as texts."""
    return isinstance(new, Secret) or (isinstance(old, str) and new is None)


def pairs(old: Any, new: Any) -> list[tuple[Any, Any]]:
    """(before, after) of two values, or of the items that only one of two lists has."""
    if not isinstance(new if old is None else old, (list, tuple)):
        return [(old, new)]
    gone = [(one, None) for one in old or () if one not in (new or ())]
    added = [(None, one) for one in new or () if one not in (old or ())]
    return gone + added or [(old, new)]


def printable(value: Any) -> str | None:
    if value is None or isinstance(value, (Secret, Sealed)):
        return None
    if isinstance(value, dict):
        return " ".join(f"{key}={printable(one) or '***'}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(printable(one) or "***" for one in value) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def row_text(row: dict[str, Any]) -> str:
    """`  ~ web 2 -> 4`, `  + COLOR`, `  - www.example.com`."""
    before, after = (one_line(row[one] or "", LONGEST_VALUE) for one in ("before", "after"))
    value = f"{before} -> {after}" if before and after else before or after
    return f"  {row['change']} {row['key'].partition('.')[2] or row['key']} {value}".rstrip()
