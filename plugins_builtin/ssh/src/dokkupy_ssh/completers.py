"""Completion of keys and roles (entry-point group `dokkupy.completers`)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed


def keys(host: Host, typed: Typed) -> list[str]:
    from dokkupy_sdk.access import keys_of

    return list(keys_of(host))


def fingerprints(host: Host, typed: Typed) -> list[str]:
    from dokkupy_sdk.access import keys_of

    return [row.fingerprint for row in keys_of(host).values()]


def roles(host: Host, typed: Typed) -> list[str]:
    from dokkupy_sdk.access import GRANTS

    return list(GRANTS)
