"""Core's state files as records; `host.store.load(FormationFile, app)` reads one, `tx.save` writes it. A plugin's own file is a
`dokkupy_sdk.records.Record` of its own."""

from dokkupy.kernel.store import lost_record
from dokkupy.model.state import (
    AppFile,
    ConfigFile,
    DomainsFile,
    FailedFile,
    FailedInstance,
    FormationFile,
    GlobalDomainsFile,
    InstanceRow,
    KeyRow,
    KeysFile,
    PluginsFile,
    PortRow,
    PortsFile,
    PropertiesFile,
    ReleaseSummary,
    RetiringFile,
    ServingFile,
    TraceFile,
)

__all__ = [
    "AppFile",
    "ConfigFile",
    "DomainsFile",
    "FailedFile",
    "FailedInstance",
    "FormationFile",
    "GlobalDomainsFile",
    "InstanceRow",
    "KeyRow",
    "KeysFile",
    "PluginsFile",
    "PortRow",
    "PortsFile",
    "PropertiesFile",
    "ReleaseSummary",
    "RetiringFile",
    "ServingFile",
    "TraceFile",
    "lost_record",
]
