"""Whether the invariants and sizes of a backup agree, so that it is verified, or plausible."""

from __future__ import annotations

from collections.abc import Mapping

SUM = "content"
"""The prefix of invariants that are checksums of everything. They are compared only if they were the same before and after
the dump, because a dump made during a change may match neither (`dokkupy_sdk.backup_subject`)."""

SHOWN = 12
"""The largest number of differences that are reported."""


def whole(text: str) -> int | None:
    """The whole number of an invariant; None if it is none."""
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 20 else None


def between(found: str, before: str, after: str) -> bool:
    numbers = whole(found), whole(before), whole(after)
    if any(number is None for number in numbers):
        return False
    one, low, high = numbers
    assert one is not None and low is not None and high is not None
    return min(low, high) <= one <= max(low, high)


def differences(found: Mapping[str, str], before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """A line for each wrong invariant of a restored dump. A value must equal the one before or after the dump, or lie
    between them. An invariant that only one of the two has may be missing, because it changed during the dump."""
    lines = []
    for name in sorted({*found, *before, *after}):
        values = [invariants[name] for invariants in (before, after) if name in invariants]
        if name.startswith(SUM) and len(set(values)) > 1:
            continue
        if name not in found:
            if len(values) == 2:
                lines.append(f"{name}: missing, was {values[0]}")
        elif not values:
            lines.append(f"{name}: {found[name]}, was not there")
        elif found[name] not in values and not between(found[name], values[0], values[-1]):
            was = values[0] if values[0] == values[-1] else f"{values[0]}, then {values[-1]}"
            lines.append(f"{name}: {found[name]}, was {was}")
    return lines[:SHOWN] + ([f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else [])


def emptied(now: Mapping[str, str], last: Mapping[str, str]) -> bool:
    """Whether all counted content is gone: each number that was not 0 is now 0 or missing."""
    counted = [name for name, value in last.items() if (whole(value) or 0) > 0]
    return bool(counted) and all(not whole(now.get(name, "0")) for name in counted)


def implausible(
    size: int, invariants: Mapping[str, str], last_size: int, last_invariants: Mapping[str, str], percent: int
) -> str:
    """Why a dump is implausible beside the last good one; empty if it is plausible. percent: of the last one's size."""
    if last_size and size * 100 < last_size * percent:
        return f"it has {size} bytes, the last one had {last_size}: less than {percent} %"
    if percent and emptied(invariants, last_invariants):
        return "everything that the last one contained is missing"
    return ""
