"""Lines that people read: a duration at the end, in one column; how long ago something was; text that others chose."""

from __future__ import annotations

from dokkupy.cli.output import harmless

__all__ = ["NARROW", "WIDTH", "age", "ago", "duration", "one_line", "timed", "when"]

WIDTH = 55
"""Characters of a line before its duration. With it, Dokku's prefix and git's `remote: `, a line has 79."""

NARROW = 26
"""Characters of what a line `Still waiting for ...` names, beside its times. Behind git's `remote: ` it has at most 80."""

UNITS = (("y", 31_536_000), ("w", 604_800), ("d", 86_400), ("h", 3600), ("min", 60))


def one_line(text: str, most: int = 50) -> str:
    """Text that somebody else chose, such as the subject of a commit: one line without control characters, cut."""
    plain = " ".join("".join(one if one.isprintable() else " " for one in harmless(text)).split())
    return plain if len(plain) <= most else f"{plain[: most - 3].rstrip()}..."


def duration(seconds: float) -> str:
    """`0.3 s`, `2 min 5 s`, `1 h 12 min`."""
    if seconds < 99.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def timed(text: str, end: str) -> str:
    """A line with its duration, or what else ends it."""
    return f"{text:<{WIDTH}} {end:>8}"


def ago(seconds: float) -> str:
    """How long ago something was, in its largest unit: `3 d ago`. A negative number of seconds is in the future: `in 3 d`."""
    if seconds <= -10:
        return f"in {age(-seconds)}"
    return f"{age(seconds)} ago" if seconds >= 10 else "now"


def age(seconds: float) -> str:
    """An age in its largest unit: `3 d`."""
    whole = max(0, int(seconds))
    return next((f"{whole // size} {unit}" for unit, size in UNITS if whole >= size), f"{whole} s")


def when(at: str, now: float, terminal: bool | None = None) -> str:
    """A time in ISO 8601, for people on terminals as how long ago it was. terminal: whether standard output is one, if that
    is not given."""
    import sys

    if not (sys.stdout.isatty() if terminal is None else terminal):
        return at
    from datetime import datetime

    try:
        return ago(now - datetime.fromisoformat(at).timestamp())
    except ValueError:
        return at
