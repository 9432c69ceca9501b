"""What nginx makes, its logs above all, is not for everybody. `nginx -t` makes them, too, before nginx itself does."""

from __future__ import annotations

import os
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

UMASK = 0o027


@contextmanager
def private_files() -> Iterator[None]:
    """For programs that are started meanwhile. Through sudo it is sudo's own umask that counts (`sudoers`)."""
    before = os.umask(UMASK)
    try:
        yield
    finally:
        os.umask(before)
