"""The docker options that an app's limits mean."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


@hookimpl
def container_options(host: Host, app: AppName, phase: str, process: str) -> Iterable[str]:
    from dokkupy_resource.table import read, words

    return words(read(host, app), process)
