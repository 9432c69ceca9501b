"""The platform's own lines about an app's processes: crashed, started again, rolled back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dokkupy_sdk.names import AppName

from dokkupy_logs.lines import Line, parse_line

SOURCE = "dokkupy"


def lines_about(app: AppName, rows: Iterable[dict[str, Any]], ps: str) -> Iterator[Line]:
    """The events of an app's processes as lines. ps: only this process type, or type.N."""
    for row in rows:
        if row.get("app") != app:
            continue
        for dyno in str(row.get("process") or "release").split():
            text = text_of(row)
            if text and (not ps or dyno == ps or dyno.partition(".")[0] == ps):
                line = parse_line(dyno, "stdout", f"{row.get('time', '')} {text}".encode())
                yield Line(line.at, dyno, line.stream, line.text, SOURCE)


def text_of(row: dict[str, Any]) -> str:
    """Heroku's words, where it has them."""
    event = row.get("event")
    if event == "process_crashed":
        code = row.get("exit_code")
        ends = "out of memory" if row.get("oom") else f"exit {code}" if code else "exit unknown"
        signal = f", {row['signal']}" if row.get("signal") else ""
        count = str(row.get("restarts", "0"))
        return f"State changed from up to crashed ({ends}{signal}, {count} restart{'' if count == '1' else 's'})"
    if event == "process_started":
        return "State changed from crashed to starting"
    if event == "rolled_back_after_crash":
        return f"Rolled back from v{row.get('release')} to v{row.get('to')}: all instances crashed"
    return ""
