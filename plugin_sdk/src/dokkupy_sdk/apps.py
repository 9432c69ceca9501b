"""Apps: made, renamed, copied and destroyed."""

from dokkupy.usecases.apps import create_app, destroy_app, require_unlocked
from dokkupy.usecases.rename_clone import clone_app, rename_app

__all__ = ["clone_app", "create_app", "destroy_app", "require_unlocked", "rename_app"]
