"""`status`: the host on one screen."""

from __future__ import annotations

from dokkupy_sdk.cli import CommandResult, Group, Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.styles import BAD, GOOD, WARNING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dokkupy_sdk.model import Finding

group = Group("status", "Show the host on one screen: apps, engine, memory, disk, certificates, backups", bare="")

STYLES = {"ok": GOOD, "warning": WARNING, "ERROR": BAD}


@group.command("", permission="host:read")
def status(host: Host) -> CommandResult:
    """Show the host on one screen: apps that are down, engine, memory, disk, certificates that end next, late backups."""
    findings = examine(host)
    rows = [{"subject": f.check, "level": f.level, "message": f.message, "remedy": f.remedy} for f in findings]
    return CommandResult(rows, lines_of(findings))


def examine(host: Host) -> list[Finding]:
    from dokkupy_sdk.model import Finding

    from dokkupy_host import hookspecs
    from dokkupy_host.supervise import health

    found = [*summed("apps", health.findings(host)), engine(host), memory(meminfo())]
    facts, failed = host.hooks.gather_what_can(hookspecs.host_status, host=host)
    found += [fact for _, fact in facts]
    return found + [Finding(plugin, "error", error.message, error.hint) for plugin, error in failed]


def summed(check: str, findings: Iterable[Finding]) -> list[Finding]:
    """What is wrong, or that nothing is."""
    from dokkupy_sdk.model import Finding

    rows = list(findings)
    return [Finding(check, one.level, one.message, one.remedy) for one in rows if one.level != "ok"] or rows[:1]


def engine(host: Host) -> Finding:
    from dokkupy_sdk.model import Finding

    try:
        ready = host.role("engine", host.default_adapter("engine")).prepare()
    except DokkupyError as error:
        return Finding("engine", "error", error.message, error.hint)
    return Finding("engine", "ok" if ready.ready else "error", ready.reason or "ready", ready.remedy)


def meminfo() -> str:
    with open("/proc/meminfo", encoding="ascii") as file:
        return file.read()


def memory(text: str) -> Finding:
    """text: of /proc/meminfo. Pure."""
    from dokkupy_sdk.model import Finding
    from dokkupy_sdk.sizes import in_units

    sizes = {line.partition(":")[0]: int(line.split()[1]) * 1024 for line in text.splitlines()}
    total, free = sizes["MemTotal"], sizes["MemAvailable"]
    used = f"{in_units(total - free)} of {in_units(total)} used"
    if free * 10 < total:
        return Finding("memory", "warning", used, "See which app uses it: dokkupy ps; limit it: resource:limit")
    return Finding("memory", "ok", used)


def lines_of(findings: Sequence[Finding], *, terminal: bool | None = None, width: int = 0) -> list[str]:
    """Pure, if the terminal is given."""
    from dokkupy_sdk.table import Column, table

    cells = []
    for one in findings:
        cells.append((one.check, {"error": "ERROR"}.get(one.level, one.level), one.message))
        if one.remedy and one.level != "ok":
            cells.append(("", "", f"-> {one.remedy}"))
    columns = (Column("PART"), Column("STATE"), Column("WHAT", wraps=True))
    return table(columns, cells, styles=STYLES, terminal=terminal, width=width)
