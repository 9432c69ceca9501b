"""When a change takes effect: the line that a command of a plugin's own prints, and what its report shows as pending."""

from dokkupy.usecases.effect import announce_effect, announce_setting, pending_options, pending_settings
from dokkupy.usecases.state_mark import state_mark

__all__ = ["announce_effect", "announce_setting", "pending_options", "pending_settings", "state_mark"]
