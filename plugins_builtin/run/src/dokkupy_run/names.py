"""Types of the commands' arguments, which validate them. Without dataclasses, because every command imports them."""

from __future__ import annotations

from dokkupy_sdk.names import AppName, Identifier, Pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk import Host


class RunContainer(Identifier):
    """The name of a one-off container. The container's label names its app."""

    __slots__ = ()
    what = "Container"
    noun = "one-off container"
    rule = "may only contain letters, digits, dots, underscores and hyphens, as `run:list` shows them"
    pattern = Pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")

    def owners(self, host: Host, namespace: str) -> tuple[AppName, ...]:
        from dokkupy_sdk.errors import NotFound

        from dokkupy_run.oneoff import run_of

        try:
            return (AppName(run_of(host, self).labels["dokkupy.app"]),)
        except NotFound:
            return ()


class ContainerId(Identifier):
    """The beginning of a container's id. Only containers of the app that precedes it on the command line are
    searched."""

    __slots__ = ()
    what = "Container"
    rule = "may only contain letters, digits, dots, underscores and hyphens"
    pattern = Pattern(r"[A-Za-z0-9][A-Za-z0-9._-]*")
