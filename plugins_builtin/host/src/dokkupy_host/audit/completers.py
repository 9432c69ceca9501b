"""Completion of who may have run a command."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed


def people(host: Host, typed: Typed) -> list[str]:
    """The names of the SSH keys, and root."""
    from dokkupy_sdk.access import keys_of

    return [*keys_of(host), "root"]
