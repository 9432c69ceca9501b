"""`doctor`: what is wrong with this host, and how to fix it."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, CommandResult, Group, Host, Opt

FIX = "Restore lost and broken files of the state from their previous generation, then do what `recover` does"

group = Group("doctor", "Check the host and say how to fix it", bare="")


@group.command("", permission="host:read", keeps_root=True)
def doctor(host: Host, *, fix: Annotated[bool, Opt("--fix", help=FIX)] = False) -> CommandResult:
    """Check the host; the exit status is 1 when something is broken.

    doctor
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
        for line in recover_all(host, boot=False)[0]:  # what failed has a warning, and a finding below
            host.out.section(line)
    findings = examine(host)
    rows = [{"check": f.check, "level": f.level, "message": f.message, "remedy": f.remedy} for f in findings]
    lines = []
    for row in rows:
        mark = {"ok": "ok     ", "warning": "warning", "error": "ERROR  "}[row["level"]]
        lines.append(f"{mark} {row['check']}: {row['message']}")
        if row["remedy"]:
            lines.append(f"        {row['remedy']}")
    return CommandResult(rows, lines, status=1 if any(row["level"] == "error" for row in rows) else 0)
