"""The hooks of services, which this kit calls. They have the same four shapes as core's (`dokkupy.hookspecs`)."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # this module imports nothing heavy, because every command that calls a hook loads it
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName, Secret
    from dokkupy_sdk.operation import Transaction


@hookspec
def post_service_rename(host: Host, old: str, new: str, tx: Transaction) -> None:
    """A service was renamed: move the data that the plugin stores under its old name. old, new: `kind:name`."""


@hookspec
def service_restores(host: Host, service: str) -> Iterable[str]:  # type: ignore[empty-body]
    """How the lost data of a service comes back: a sentence with the command, for each way that there is. service:
    `kind:name`."""


@hookspec
def pre_service_destroy(host: Host, service: str, tx: Transaction) -> None:
    """A service is about to be destroyed. Raise an error to refuse, for example because a schedule backs it up."""


@hookspec
def service_link(host: Host, app: AppName, service: str) -> Iterable[tuple[str, Secret]]:  # type: ignore[empty-body]
    """A service is being linked: environment variables to add beside its URL."""
