"""Core's state files as records: `host.store.load(FormationFile, app)` reads one, `tx.save` writes it. A plugin declares
its own files with `dokkupy_sdk.records.Record`."""

from __future__ import annotations

from dokkupy.kernel.store import lost_record, restore_hint
from dokkupy.model.names import AppName, Domain, EnvKey, Identifier, ProcessType
from dokkupy.model.record import Record
from dokkupy.model.secret import Secret
from dokkupy.model.state import RELEASE_FILE, InstanceRow, KeyRow, KeysFile, PluginsFile, PropertiesFile, TraceFile

from dokkupy_sdk.names import GlobalDomain, digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

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
    "restore_hint",
]


class AppFile(Record, file="apps/*/app"):
    """An app exists if this file does. locked: against deploys (`apps:lock`). private: part of the names of its images and
    build caches."""

    derived = "created_at private"
    created_at: str = ""
    locked: bool = False
    private: Secret = Secret("")


class ConfigFile(Record, file="apps/*/config"):
    """The variables of an app or of the host."""

    env: Mapping[EnvKey, Secret] = {}


class FormationFile(Record, file="apps/*/ps"):
    """scale: the quantities that are set. restore: false while the app is stopped."""

    scale: Mapping[ProcessType, int] = {}
    restore: bool = True


class DomainsFile(Record, file="apps/*/domains"):
    """vhosts: the app's own domains; None if it has the default ones."""

    vhosts: tuple[Domain, ...] | None = None
    enabled: bool = True


class GlobalDomainsFile(Record, file="global/domains"):
    """The parent domains of apps without domains of their own."""

    vhosts: tuple[GlobalDomain, ...] = ()


class PortRow(Identifier):
    """A row of the port map, `scheme:host_port:container_port`; see `model.ports.Port`."""

    __slots__ = ()
    what = "Port map row"
    rule = "has to be SCHEME:HOST_PORT:CONTAINER_PORT"

    @classmethod
    def accepts(cls, text: str) -> bool:
        scheme, *ports = text.split(":")
        return scheme.isalpha() and len(ports) == 2 and all(digits(port) is not None for port in ports)


class PortsFile(Record, file="apps/*/ports"):
    """map: the rows of `ports:set`, as typed. allocated: the port of an app that has no domain."""

    map: tuple[PortRow, ...] = ()
    allocated: int | None = None


class ServingFile(Record, file="apps/*/deployment"):
    """What serves. id: of the operation that made it so. closed: ports of the detected map on which nothing listens.
    fixed: whether the source gives quantities of its processes (app.json)."""

    derived = "*"

    release: int
    id: str
    instances: tuple[InstanceRow, ...] = ()
    closed: frozenset[int] = frozenset()
    fixed: bool = False


class ReleaseSummary(Record, file=RELEASE_FILE):
    """The part of a `model.release.Release` that reports and lists read without loading the rest."""

    source: str
    image: str = ""
    created_at: str = ""
    revision: str = ""
    description: str = ""
    by: str = ""
    processes: Mapping[ProcessType, str | None] = {}
    files: Mapping[str, str] = {}
    mark: str = ""
    kept: Mapping[str, tuple[str, ...]] = {}
    settings: Mapping[str, Mapping[str, str]] = {}


class RetiringFile(Record, file="apps/*/retire/*"):
    """The instances that a deployment has replaced, and that must still be stopped. log_mark: where the proxy's access log
    ended before the switch."""

    derived = "*"

    instances: tuple[InstanceRow, ...]
    timeout: int = 30
    drain: int | None = None
    forget: AppName | None = None
    log_mark: str = ""


class FailedInstance(Record):
    """exit_code: absent if the instance was running. listens: where it listened, if somebody looked. port: where it had to."""

    dyno: str
    ended: str
    exit_code: int | None = None
    oom: bool = False
    lines: tuple[str, ...] = ()
    listens: tuple[str, ...] | None = None
    port: int = 0


class FailedFile(Record, file="apps/*/failed"):
    """The last failed deploy, for `logs:failed` and `why`. step: build, release or start. code: the error's. lines: what the
    failing step printed last, if it was no instance. serving: the operation that made what served then (`ServingFile.id`):
    while that serves, the failure is the latest news."""

    at: str
    reason: str
    instances: tuple[FailedInstance, ...] = ()
    step: str = "start"
    code: str = ""
    lines: tuple[str, ...] = ()
    serving: str = ""
