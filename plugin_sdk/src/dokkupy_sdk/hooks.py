"""Hooks of core that plugins call: `host.hooks.gather(app_guests, host=host, app=app)`. Core calls the others."""

from dokkupy.hookspecs import app_guests, container_options

__all__ = ["app_guests", "container_options"]
