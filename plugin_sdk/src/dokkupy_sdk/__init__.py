"""All that a plugin may import of dokkupy.

`dokkupy_sdk.model`, `.roles`, `.errors`, `.cli`, `.settings`, `.operation`, `.execute`, `.files` re-export the stable
part of core; `dokkupy_sdk.testing` has fixtures, fakes and contracts. This module itself is light: it is imported by
every plugin's `hooks.py`.
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
    that its entry point in `dokkupy.hookspecs` names. They are made when they are first used: pluggy costs more than
    most commands, and a command has no hooks."""
    if name not in ("hookimpl", "hookspec"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import pluggy

    made = {"hookimpl": pluggy.HookimplMarker, "hookspec": pluggy.HookspecMarker}[name]("dokkupy")
    globals()[name] = made
    return made


__all__ = ["API", "Host", "hookimpl", "hookspec"]
