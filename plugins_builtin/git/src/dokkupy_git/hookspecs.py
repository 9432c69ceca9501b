"""The hooks of git, which this plugin calls. They have the four shapes of core's own."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # every command that calls a hook loads this module
if TYPE_CHECKING:
    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName


@hookspec
def pre_source_receive(host: Host, app: AppName) -> None:
    """Code is about to arrive by a push or a fetch, for an app that a push may create. Raise an error to refuse before any of
    it is transferred. It may arrive without being deployed."""
