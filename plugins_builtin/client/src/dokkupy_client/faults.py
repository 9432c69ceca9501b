"""Why the client cannot do what was typed."""

from __future__ import annotations

NOT_CONFIGURED = 20
"""The exit status of Dokku's client where it knows no host."""


class Fault(Exception):
    """message: what happened, to what. hint: what to do."""

    def __init__(self, message: str, hint: str = "", status: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status
