"""What the timer runs: each minute, and at boot."""

TICK = "tick"
RECOVER = "recover"
"""The names of its commands, by which they are the holders of locks."""
