"""What the programs keep for an app goes with it."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.operation import Transaction


def forget(host: Host, app: AppName) -> None:
    from dokkupy_builders.builder import volumes

    for name in volumes(app).values():
        host.volumes().remove(name)


@hookimpl
def post_cache_purge(host: Host, app: AppName, tx: Transaction) -> None:
    tx.step("remove what pack kept for the next build", lambda: forget(host, app))


@hookimpl
def post_app_destroy(host: Host, app: AppName) -> None:
    """A rename ends so too, for the old name: the renamed app starts a new cache."""
    forget(host, app)
