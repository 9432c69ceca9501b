"""Apps: made, renamed, copied and destroyed."""

from dokkupy.usecases.apps import app_record, create_app, destroy_app, require_traces, require_unlocked, set_locked
from dokkupy.usecases.rename_clone import clone_app, rename_app

__all__ = [
    "app_record",
    "clone_app",
    "create_app",
    "destroy_app",
    "require_traces",
    "require_unlocked",
    "rename_app",
    "set_locked",
]
