"""All that a plugin may import of dokkupy.

`dokkupy_sdk.model`, `.roles`, `.errors`, `.cli`, `.settings`, `.operation`, `.execute`, `.files` re-export the stable
part of core; `dokkupy_sdk.testing` has fixtures, fakes and contracts. This module itself is light: it is imported by
every plugin's `hooks.py`.
"""

from dokkupy.kernel.host import Host
from pluggy import HookimplMarker, HookspecMarker

API = 1
"""For messages only; the contract is the dependency range on `dokkupy-sdk`."""

hookimpl = HookimplMarker("dokkupy")

hookspec = HookspecMarker("dokkupy")
"""Marks a hook that a plugin itself calls, in the module that its entry point in `dokkupy.hookspecs` names."""

__all__ = ["API", "Host", "hookimpl", "hookspec"]
