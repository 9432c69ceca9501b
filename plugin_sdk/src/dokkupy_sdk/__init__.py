"""All that a plugin may import from dokkupy.

`dokkupy_sdk.model`, `.roles`, `.errors`, `.cli`, `.settings`, `.operation`, `.execute`, `.files` re-export the stable
part of core. `dokkupy_sdk.testing` has fixtures, fakes and contracts. This module imports little, because every plugin's
`hooks.py` imports it.
"""

from dokkupy.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pluggy import HookimplMarker, HookspecMarker

    hookimpl: HookimplMarker
    hookspec: HookspecMarker

API = 1
"""For messages only; the contract is the dependency range on `dokkupy-sdk`."""


def __getattr__(name: str) -> object:
    """`hookimpl` marks an implementation of a hook. `hookspec` marks a hook that a plugin itself calls, in the module
    that its entry point in `dokkupy.hookspecs` names. Both are created at their first use, because importing pluggy takes
    longer than most commands, and a module of commands has no hooks."""
    if name not in ("hookimpl", "hookspec"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import pluggy

    made = {"hookimpl": pluggy.HookimplMarker, "hookspec": pluggy.HookspecMarker}[name]("dokkupy")
    globals()[name] = made
    return made


__all__ = ["API", "Host", "hookimpl", "hookspec"]
