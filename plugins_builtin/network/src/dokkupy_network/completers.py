"""Completion of networks (entry-point group `dokkupy.completers`)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed


def networks(host: Host, typed: Typed) -> list[str]:
    from dokkupy_network.stored import known, present

    return [*(str(name) for name in known(host)), *present(host)]
