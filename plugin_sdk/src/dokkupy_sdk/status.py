"""What runs of an app now, and what the timer saw of it. The doctor's findings about it: `dokkupy_sdk.supervision`."""

from dokkupy.usecases.state_mark import state_mark
from dokkupy.usecases.status import require_deployed, should_run, statuses
from dokkupy.usecases.watched import described

__all__ = ["described", "require_deployed", "should_run", "state_mark", "statuses"]
