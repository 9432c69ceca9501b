"""Crashes of what a plugin keeps running: judged as those of apps, told to the same observers."""

from dokkupy.usecases.crashes import announce, crash_of, last_lines
from dokkupy.usecases.watched import Watched, describe, judged

__all__ = ["Watched", "announce", "crash_of", "describe", "judged", "last_lines"]
