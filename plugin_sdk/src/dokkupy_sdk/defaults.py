"""Defaults of releases."""

from dokkupy.model.defaults import RESTART_POLICY, STOP_TIMEOUT

__all__ = ["RESTART_POLICY", "STOP_TIMEOUT"]
