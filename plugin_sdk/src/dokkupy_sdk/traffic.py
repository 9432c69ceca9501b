"""Changes of where an app answers: each is applied by the proxy, or undone."""

from dokkupy.usecases.routing import change_for_all, rerouting

__all__ = ["change_for_all", "rerouting"]
