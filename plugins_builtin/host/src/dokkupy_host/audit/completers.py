"""Completion of who may have run a command."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed


def people(host: Host, typed: Typed) -> list[str]:
    """Root and the names of the SSH keys; for a key that is not an admin's, those with an app in common."""
    from dokkupy_sdk.access import caller, keys_of

    me = caller(host)
    keys = keys_of(host).items()
    mine = [name for name, key in keys if me.role == "admin" or set(key.apps) & set(me.apps)]
    return [*mine, "root"]
