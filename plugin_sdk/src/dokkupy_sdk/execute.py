"""Programs: argv lists, a clean environment, no shell."""

from dokkupy.kernel.execute import Completed, ending_with_us, environment, execute, poll_reader, reader_left, stream

__all__ = ["Completed", "ending_with_us", "environment", "execute", "poll_reader", "reader_left", "stream"]
