"""The role Volumes, by Docker."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy_sdk.errors import NotFound
from dokkupy_sdk.roles import Volumes

from dokkupy_docker.engine_api import api
from dokkupy_docker.engine_api.answers import filters
from dokkupy_docker.engine_api.errors import faults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_docker.engine import DockerEngine


class DockerVolumes(Volumes):
    """The volumes of Docker."""

    def __init__(self, engine: DockerEngine) -> None:
        self.engine = engine

    def ensure(self, name: str, *, labels: Mapping[str, str]) -> None:
        with faults(f"The volume {name} could not be created"):
            api.call("POST", "/volumes/create", {"Name": name, "Labels": dict(labels)})

    def find_all(self, labels: Mapping[str, str]) -> list[str]:
        found = api.get("/volumes", filters={"label": filters(labels)}) or {}
        return sorted(one["Name"] for one in found.get("Volumes") or ())

    def remove(self, name: str) -> None:
        try:
            with faults(f"The volume {name} could not be removed"):
                api.call("DELETE", f"/volumes/{api.quoted(name)}")
        except NotFound:
            pass
