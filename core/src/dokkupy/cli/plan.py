"""The plan of a dry run, as people read it: a changed file as a diff, everything else as a sentence."""

from __future__ import annotations

from dokkupy.cli.output import one_line
from dokkupy.kernel.dry_run import Detail, FileChange, same
from dokkupy.model.secret import Sealed, Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

LONGEST_VALUE = 60
"""Characters of a value that a diff shows."""


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
