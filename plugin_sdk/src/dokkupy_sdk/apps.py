"""Apps: made, destroyed, and what an operation that replaces one by another does."""

from dokkupy.host import Host
from dokkupy.kernel.private_names import new_private_part, private_part
from dokkupy.kernel.store import lost_record
from dokkupy.model.names import AppName
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
    "identity_of",
    "forget_all_but_processes",
    "lost_record",
    "new_private_part",
    "remove_app_directory",
    "require_traces",
    "require_unlocked",
    "set_locked",
    "update_waiting_page",
]


def identity_of(host: Host, app: AppName) -> str:
    """What the app keeps for its life, and no later app of the same name has: to tell whose something is that was made of it.
    Empty when there is no such app. It gives nothing away."""
    import hashlib

    if not host.store.has_app(app):
        return ""
    return hashlib.sha256(f"identity {private_part(host.store, app).reveal()}".encode()).hexdigest()[:16]
