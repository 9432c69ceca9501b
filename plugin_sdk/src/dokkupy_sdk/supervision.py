"""What the timer found of all apps: for the doctor. Apart from `dokkupy_sdk.status`, since it loads what starts apps."""

from dokkupy.usecases.supervise import findings as process_findings

__all__ = ["process_findings"]
