"""Defaults of releases. In a module of their own, because declarations of settings import it and must stay light."""

RESTART_POLICY = "on-failure:10"
STOP_TIMEOUT = "30"
"""Seconds."""
