"""What nginx makes, its logs above all, is not for everybody. `nginx -t` makes them, too, before nginx itself does."""

from __future__ import annotations

UMASK = 0o027
"""Of the test's program. Through sudo it is sudo's own umask that counts (`sudoers`)."""
