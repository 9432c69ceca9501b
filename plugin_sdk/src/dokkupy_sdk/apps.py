"""Apps: made, renamed, copied and destroyed."""

from dokkupy.kernel.store import lost_record
from dokkupy.usecases.apps import app_record, create_app, destroy_app, require_traces, require_unlocked, set_locked
from dokkupy.usecases.rename_clone import clone_app, rename_app

__all__ = [
    "app_record",
    "clone_app",
    "create_app",
    "destroy_app",
    "lost_record",
    "require_traces",
    "require_unlocked",
    "rename_app",
    "set_locked",
]
