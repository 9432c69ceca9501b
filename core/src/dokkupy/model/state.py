"""Core's state files, a record each. Light: reports read them without the models that they describe."""

from __future__ import annotations

from dokkupy.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

RELEASE_FILE = "apps/*/releases/*"


class PropertiesFile(Record, file="apps/*/*"):
    """The properties of a namespace (`dokkupy_sdk.settings`); the rest of the file is its plugin's own record."""

    properties: Mapping[str, str] = {}


class KeyRow(Record):
    """An SSH key and what it may do: `kernel/access.py`."""

    key: str = ""
    fingerprint: str = ""
    role: str = ""
    apps: tuple[str, ...] = ()


class KeysFile(Record, file="global/ssh-keys"):
    """The SSH keys by name."""

    keys: Mapping[str, KeyRow] = {}


class TraceFile(Record, file="global/trace"):
    """Whether every command logs what it does (`trace:on`)."""

    on: bool = False


class PluginsFile(Record, file="global/plugin"):
    """disabled: plugins that are not loaded. sources: distribution -> from where it was installed."""

    disabled: tuple[str, ...] = ()
    sources: Mapping[str, str] = {}


class AdaptersFile(Record, file="global/roles"):
    """Role -> the adapter of apps that have chosen none."""

    adapters: Mapping[str, str] = {}
