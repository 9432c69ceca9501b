"""`doctor`: what is wrong with this host, and how to fix it."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, CommandResult, Group, Host, Opt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk.model import Finding

FIX = "Restore missing and broken state files from their previous generation, then do the same as `recover`"

group = Group("doctor", "Check the host and show how to fix problems", bare="")


@group.command("", permission="host:read", keeps_root=True)
def doctor(
    host: Host,
    *,
    fix: Annotated[bool, Opt("--fix", help=FIX)] = False,
    quiet: Annotated[bool, Opt("--quiet", "-q", help="Leave out what is well, and print nothing if all is")] = False,
) -> CommandResult:
    """Check the host: what is wrong comes first. The exit status is 1 when something is broken.

    doctor --quiet
    """
    from dokkupy_host.doctor.examination import examine

    if fix:
        from dokkupy_sdk.access import check_access
        from dokkupy_sdk.users import become_owner

        from dokkupy_host.state.repair import restore_lost
        from dokkupy_host.timer.maintenance import recover_all

        check_access(host, "host:write")
        become_owner(host.root)
        for line in restore_lost(host):
            host.out.section(line)
        for line in recover_all(host, boot=False)[0]:  # failures print a warning, and have a finding below
            host.out.section(line)
    findings = examine(host)
    rows = [{"check": f.check, "level": f.level, "message": f.message, "remedy": f.remedy} for f in findings]
    from dokkupy_sdk.help import screen_width
    from dokkupy_sdk.styles import wanted

    lines = lines_of(findings, quiet=quiet, color=wanted(), screen=screen_width())
    return CommandResult(rows, lines, status=1 if any(row["level"] == "error" for row in rows) else 0)


MARKS = {"error": "ERROR  ", "warning": "warning", "ok": "ok     "}
INDENT = 8


def lines_of(findings: Sequence[Finding], *, quiet: bool = False, color: bool = False, screen: int = 0) -> list[str]:
    """The worst first, a summary last. quiet: without what is well. screen: the width of the terminal; 0: a line for each
    finding and each remedy. Pure."""
    from dokkupy_sdk.help import filled
    from dokkupy_sdk.styles import BAD, GOOD, WARNING, styled

    lines = []
    for level, style in (("error", BAD), ("warning", WARNING), ("ok", GOOD)):
        mark = styled(MARKS[level], style) if color else MARKS[level]
        for one in findings:
            if one.level != level or (quiet and level == "ok"):
                continue
            text = filled(f"{one.check}: {one.message}", screen - INDENT if screen else 0)
            lines.append(f"{mark} {text[0]}")
            more = [*text[1:], *(pointed(one.remedy, screen - INDENT if screen else 0) if one.remedy else [])]
            lines += [" " * INDENT + line for line in more]
    return lines if quiet and not lines else [*lines, summary(findings)]


def pointed(remedy: str, screen: int) -> list[str]:
    """A remedy, marked, because the lines of a long finding stand above it."""
    from dokkupy_sdk.help import filled

    first, *more = filled(remedy, screen - len(ARROW) if screen else 0)
    return [ARROW + first, *(" " * len(ARROW) + line for line in more)]


ARROW = "-> "


def summary(findings: Sequence[Finding]) -> str:
    """`24 checks, 1 warning`."""
    from dokkupy_sdk.text import counted

    parts = [counted(len(findings), "check")]
    for level in ("error", "warning"):
        if number := sum(one.level == level for one in findings):
            parts.append(counted(number, level))
    return ", ".join(parts) if len(parts) > 1 else f"{parts[0]}, all is well"
