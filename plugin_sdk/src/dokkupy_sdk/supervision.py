"""What the timer does for the processes of all apps, and what it found of them. Apart from `dokkupy_sdk.status`, since it loads what starts apps."""

from dokkupy.usecases.supervise import findings as process_findings
from dokkupy.usecases.supervise import supervise

__all__ = ["process_findings", "supervise"]
