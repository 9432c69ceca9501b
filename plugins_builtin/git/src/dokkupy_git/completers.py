"""Completion of the hosts that have a login."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed


def hosts(host: Host, typed: Typed) -> list[str]:
    from dokkupy_git.repository.logins import logins

    return sorted(logins(host))
