"""Values that a release has without any of its own."""

from dokkupy.model.defaults import RESTART_POLICY, STOP_TIMEOUT

__all__ = ["RESTART_POLICY", "STOP_TIMEOUT"]
