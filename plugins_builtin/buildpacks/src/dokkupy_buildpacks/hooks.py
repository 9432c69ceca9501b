"""What the buildpacks do when something happens to an app."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.operation import Transaction


@hookimpl
def post_cache_purge(host: Host, app: AppName, tx: Transaction) -> None:
    from dokkupy_buildpacks.builder import BuildpacksFile

    record = host.store.load(BuildpacksFile, app)
    tx.save(record.replace(caches=record.caches + 1), app)
