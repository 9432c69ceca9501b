"""Apps: made and destroyed."""

from dokkupy.usecases.apps import create_app, destroy_app, need_unlocked

__all__ = ["create_app", "destroy_app", "need_unlocked"]
