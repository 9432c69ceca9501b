"""Environment variables of apps and of the whole host."""

from dokkupy.usecases.config import change_env, get_env, merged_env, set_env

__all__ = ["change_env", "get_env", "merged_env", "set_env"]
