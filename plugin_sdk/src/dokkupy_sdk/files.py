"""Files: durable writes, and hostile trees read without following a link out of them."""

from dokkupy.kernel.files import make_directory, write_atomic
from dokkupy.kernel.scratch import scratch_directory
from dokkupy.kernel.tree import read_text

__all__ = ["make_directory", "read_text", "scratch_directory", "write_atomic"]
