"""The state of each instance, as the scheduler sees it now. This module imports little, because reports use it."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_sdk.states import instance_states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk.state import InstanceRow


def states(host: Host, app: AppName, rows: Sequence[InstanceRow]) -> dict[str, str]:
    """Instance id -> its state, as in `InstanceStatus`."""
    light = instance_states(host, app) if rows else None
    if light is not None:
        found = light.of(app)
        return {row.id: found.get(row.id, "missing") for row in rows}
    from dokkupy_apps.releases.records import instances_of

    return {row.instance.id: row.state for row in host.instances(app).status(instances_of(app, rows))} if rows else {}
