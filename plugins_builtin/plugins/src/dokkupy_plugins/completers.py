"""Completion of plugins, hooks and kinds of plugins (entry-point group `dokkupy.completers`)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed


def plugins(host: Host, typed: Typed) -> list[str]:
    from dokkupy_plugins.installed import names_of

    return list(names_of(host))


def hooks(host: Host, typed: Typed) -> list[str]:
    return host.hooks.names()


def scaffolds(host: Host, typed: Typed) -> list[str]:
    return list(host.registry.group("dokkupy.scaffold"))
