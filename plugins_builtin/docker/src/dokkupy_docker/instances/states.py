"""The states of instances, for reports: one request to the engine, without the scheduler's modules."""

from __future__ import annotations

from dokkupy_sdk.states import InstanceStates

from dokkupy_docker.engine_api import api

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName


class LocalStates(InstanceStates):
    """The states of instances on this host. A second app is a sign that more follow, so all are then listed at once."""

    def __init__(self, host: Host) -> None:
        self.first: AppName | None = None
        self.found: Mapping[str, str] | None = None

    def of(self, app: AppName) -> Mapping[str, str]:
        if self.found is None and self.first in (None, app):
            self.first = app
            return states(f"dokkupy.app={app}")
        if self.found is None:
            self.found = states("dokkupy.kind=deploy")
        return self.found


def states(label: str) -> dict[str, str]:
    found = api.get("/containers/json", all=1, filters=f'{{"label":["{label}"]}}') or []
    return {one["Id"]: one["State"] for one in found}
