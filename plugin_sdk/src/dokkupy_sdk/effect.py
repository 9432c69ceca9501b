"""When a change takes effect: the line that a command of a plugin's own prints, and what its report shows as pending."""

from dokkupy.usecases.effect import announce_effect, pending_options

__all__ = ["pending_options", "announce_effect"]
