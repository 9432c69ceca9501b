"""Pauses between attempts."""

from __future__ import annotations


def pause_after(failures: int, *, first: float, longest: float) -> float:
    """Seconds until the next attempt: `first` after one failure, twice as long after each other one, at most `longest`."""
    return float(min(first * 2 ** min(failures - 1, 30), longest))


def is_waiting(until: float, now: float, *, longest: float) -> bool:
    """Whether an attempt has to wait until a recorded time. A time further away than the longest pause was recorded while
    the host's clock was ahead, so nothing waits for it."""
    return now < until <= now + longest


__all__ = ["is_waiting", "pause_after"]
