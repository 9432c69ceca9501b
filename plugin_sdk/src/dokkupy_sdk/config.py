"""Environment variables of apps and of the whole host."""

from dokkupy.usecases.config import get_env, merged_env, set_env, validated

__all__ = ["get_env", "merged_env", "set_env", "validated"]
