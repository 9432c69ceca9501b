"""The hooks of storage, which this plugin calls. They have the four shapes of core's own."""

from __future__ import annotations

from dokkupy_sdk import hookspec

TYPE_CHECKING = False  # every command that calls a hook loads this module
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName
    from dokkupy_sdk.operation import Transaction


@hookspec
def mounting_options(host: Host, app: AppName) -> Iterable[tuple[str, str, str]]:  # type: ignore[empty-body]
    """(process type or empty for all, phase, option): the plugin's options that mount something in the app's containers, in
    docker's form `-v /a:/b`. `storage:migrate` turns them into mounts."""


@hookspec
def post_mounts_migrate(host: Host, app: AppName, options: Collection[tuple[str, str, str]], tx: Transaction) -> None:
    """Remove these options, which `mounting_options` returned, because they are mounts of storage now."""
