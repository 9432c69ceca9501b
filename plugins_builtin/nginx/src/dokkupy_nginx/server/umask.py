"""Keeps the files that nginx creates, mainly its logs, from being readable by everybody. `nginx -t` creates them, too."""

from __future__ import annotations

UMASK = 0o027
"""Of the test's program. Through sudo it is sudo's own umask that counts (`sudoers`)."""
