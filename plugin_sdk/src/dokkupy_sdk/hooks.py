"""Hooks of core that plugins call: `host.hooks.gather(linked_containers, host=host, app=app)`. Core calls the others."""

from dokkupy.hookspecs import container_options, linked_containers

__all__ = ["linked_containers", "container_options"]
