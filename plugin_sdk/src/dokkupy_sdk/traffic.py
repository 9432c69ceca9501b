"""Changes of where an app answers: each is applied by the proxy, or undone."""

from dokkupy.usecases.routing import reroute_all, rerouting

__all__ = ["reroute_all", "rerouting"]
