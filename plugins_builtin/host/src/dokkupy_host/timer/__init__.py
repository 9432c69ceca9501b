"""What the timer runs: each minute, and at boot."""

TICK = "tick"
RECOVER = "recover"
"""The names of its commands; `dokkupy_sdk.locks.MAINTENANCE` has them too."""
