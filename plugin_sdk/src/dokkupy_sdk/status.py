"""What runs of an app now, and what the timer saw of it."""

from dokkupy.usecases.status import require_deployed, statuses
from dokkupy.usecases.supervise import findings as process_findings
from dokkupy.usecases.watched import described

__all__ = ["described", "process_findings", "require_deployed", "statuses"]
