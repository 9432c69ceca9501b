"""Files: durable writes, normalized text, and reading untrusted trees without following links."""

from dokkupy.kernel.files import link_over, make_directory, open_own, sync_directory, unwritable, write_atomic
from dokkupy.kernel.session import SCRATCH

from dokkupy_sdk.scratch import day_ago_or_boot, locked, scratch_directory, sweep, sweep_old, unnamed_file
from dokkupy_sdk.text import decode_text, read_file, read_input, read_input_line
from dokkupy_sdk.tree import almost, read_text

__all__ = [
    "SCRATCH",
    "almost",
    "day_ago_or_boot",
    "decode_text",
    "link_over",
    "locked",
    "make_directory",
    "open_own",
    "read_file",
    "read_input",
    "read_input_line",
    "read_text",
    "scratch_directory",
    "sweep",
    "sweep_old",
    "sync_directory",
    "unnamed_file",
    "unwritable",
    "write_atomic",
]
