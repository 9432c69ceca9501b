"""Pauses between attempts."""

from __future__ import annotations


def pause_after(failures: int, *, first: float, longest: float) -> float:
    """Seconds until the next attempt: `first` after one failure, twice as long after each other one, at most `longest`."""
    return float(min(first * 2 ** min(failures - 1, 30), longest))


__all__ = ["pause_after"]
