"""Values that a release has without any of its own. Light, because the declarations of settings read them."""

RESTART_POLICY = "on-failure:10"
STOP_TIMEOUT = "30"
"""Seconds."""
