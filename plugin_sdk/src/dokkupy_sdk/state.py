"""Core's state files as records; `host.store.load(FormationFile, app)` reads one, `tx.save` writes it. A plugin's own file is a
`dokkupy_sdk.records.Record` of its own."""

from dokkupy.model.state import (
    AppFile,
    DomainsFile,
    FailedFile,
    FailedInstance,
    FormationFile,
    GlobalDomainsFile,
    KeyRow,
    KeysFile,
    PluginsFile,
    PortRow,
    PortsFile,
    PropertiesFile,
    ServingFile,
    TraceFile,
)
from dokkupy.usecases.release_records import is_deployed, serving_summary

__all__ = [
    "AppFile",
    "DomainsFile",
    "FailedFile",
    "FailedInstance",
    "FormationFile",
    "GlobalDomainsFile",
    "KeyRow",
    "KeysFile",
    "PluginsFile",
    "PortRow",
    "PortsFile",
    "PropertiesFile",
    "ServingFile",
    "TraceFile",
    "is_deployed",
    "serving_summary",
]
