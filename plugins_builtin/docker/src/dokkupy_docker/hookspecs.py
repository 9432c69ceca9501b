"""The hook of containers that end, which this plugin calls. It has one of the four shapes of core's own."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # every command that calls a hook loads this module
if TYPE_CHECKING:
    from dokkupy_sdk import Host
    from dokkupy_sdk.roles import Container


@hookspec
def on_container_ended(host: Host, container: Container) -> None:
    """A container of an app has ended and is about to be removed: `host.sessions().logs` still returns what it printed.

    Called before each removal, and again for the same container when a removal was interrupted. Not called for a
    container whose caller has its output on their own terminal or pipe (`run`), nor for one without a log.
    """
