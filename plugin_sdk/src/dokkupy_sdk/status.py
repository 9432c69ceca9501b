"""What runs of an app now."""

from dokkupy.usecases.state_mark import state_mark
from dokkupy.usecases.states import states
from dokkupy.usecases.status import should_run

__all__ = ["should_run", "state_mark", "states"]
