"""Apps: made, destroyed, and what an operation that replaces one by another does."""

from dokkupy.kernel.private_names import new_private_part
from dokkupy.kernel.store import lost_record
from dokkupy.usecases.apps import (
    app_record,
    create_app,
    destroy_app,
    finish_destroy,
    forget_all_but_processes,
    remove_app_directory,
    require_traces,
    require_unlocked,
    set_locked,
)
from dokkupy.usecases.waiting_page import update_waiting_page

__all__ = [
    "app_record",
    "create_app",
    "destroy_app",
    "finish_destroy",
    "forget_all_but_processes",
    "lost_record",
    "new_private_part",
    "remove_app_directory",
    "require_traces",
    "require_unlocked",
    "set_locked",
    "update_waiting_page",
]
