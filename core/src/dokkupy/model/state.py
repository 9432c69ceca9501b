"""Core's state files, one record each. Reports read them without loading the models that they describe."""

from __future__ import annotations

from dokkupy.model.names import ProcessType
from dokkupy.model.record import Record
from dokkupy.model.secret import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

RELEASE_FILE = "apps/*/releases/*"


class PropertiesFile(Record, file="apps/*/*"):
    """The properties of a namespace (`dokkupy_sdk.settings`). secrets: the values of those that are secret. The rest of the
    file is its plugin's own record."""

    properties: Mapping[str, str] = {}
    secrets: Mapping[str, Secret] = {}


class KeyRow(Record):
    """An SSH key and what it may do (`kernel/access.py`)."""

    key: str = ""
    fingerprint: str = ""
    role: str = ""
    apps: tuple[str, ...] = ()


class KeysFile(Record, file="global/ssh-keys"):
    """The SSH keys by name."""

    keys: Mapping[str, KeyRow] = {}


class TraceFile(Record, file="global/trace"):
    """Whether every command shows debug output (`trace:on`)."""

    on: bool = False


class PluginsFile(Record, file="global/plugin"):
    """disabled: plugins that are not loaded. sources: distribution -> where it was installed from."""

    disabled: tuple[str, ...] = ()
    sources: Mapping[str, str] = {}


class InstanceRow(Record):
    """`model.release.Instance` in the state of its app. id: the engine's. name: `APP.TYPE.N` once it serves. address: its
    IP in the app's network, the same after any restart. port: where `web` should listen. deployment: who started it."""

    process: ProcessType
    index: int
    id: str
    name: str
    address: str
    port: int
    release: int
    deployment: str

    @property
    def dyno(self) -> str:
        return f"{self.process}.{self.index}"


class AdaptersFile(Record, file="global/roles"):
    """Role -> the adapter for apps that select none."""

    adapters: Mapping[str, str] = {}
