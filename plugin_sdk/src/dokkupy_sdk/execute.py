"""Programs: argv lists, a clean environment, no shell."""

from dokkupy.kernel.execute import Completed, environment, execute, stream

__all__ = ["Completed", "environment", "execute", "stream"]
