"""When a change takes effect: the line that a command of a plugin's own prints, and what its report shows as pending."""

from dokkupy.usecases.effect import pending_options, tell_effect

__all__ = ["pending_options", "tell_effect"]
