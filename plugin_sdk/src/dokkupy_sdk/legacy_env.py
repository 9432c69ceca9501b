"""Environment variables that Dokku acts on and that have no effect here."""

from dokkupy.usecases.legacy_env import legacy_lines

__all__ = ["legacy_lines"]
