"""The hooks that the buildpacks implement."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName
from dokkupy_sdk.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.operation import Transaction


class BuildpacksFile(Record, file="apps/*/buildpacks"):
    """The state of an app's caches. caches: how often they were purged."""

    caches: int = 0


@hookimpl
def post_cache_purge(host: Host, app: AppName, tx: Transaction) -> None:
    record = host.store.load(BuildpacksFile, app)
    tx.save(record.replace(caches=record.caches + 1), app)
