"""What runs of an app now."""

from dokkupy.usecases.state_mark import state_mark
from dokkupy.usecases.status import require_deployed, should_run, statuses

__all__ = ["require_deployed", "should_run", "state_mark", "statuses"]
