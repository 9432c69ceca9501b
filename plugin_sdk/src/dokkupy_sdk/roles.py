"""The roles that an adapter implements; each class documents its contract. Each is loaded when it is first imported from
here: a command that reads logs loads neither the builder's role nor the proxy's."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy.roles.containers import Container, Containers, ContainerSessions, ContainerSpec, ExecResult
    from dokkupy.roles.engine import Engine
    from dokkupy.roles.images import ImageBuild, ImageBuilds, ImageRegistries, Images
    from dokkupy.roles.networks import Network, Networks
    from dokkupy.roles.proxy import Proxy
    from dokkupy.roles.scheduler import Instances, Scheduler, Surroundings
    from dokkupy.roles.volumes import Volumes

    from dokkupy_sdk.access_log import AccessLog
    from dokkupy_sdk.backup_subject import BackupSubject
    from dokkupy_sdk.builder import Builder
    from dokkupy_sdk.history import SourceHistory
    from dokkupy_sdk.one_offs import OneOffs, OneOffSessions
    from dokkupy_sdk.source_store import SourceStore
    from dokkupy_sdk.tls import ChallengeServer, TlsProbe

HOMES = {
    "AccessLog": "dokkupy_sdk.access_log",
    "BackupSubject": "dokkupy_sdk.backup_subject",
    "Builder": "dokkupy_sdk.builder",
    "ChallengeServer": "dokkupy_sdk.tls",
    "Container": "dokkupy.roles.containers",
    "ContainerSessions": "dokkupy.roles.containers",
    "ContainerSpec": "dokkupy.roles.containers",
    "Containers": "dokkupy.roles.containers",
    "Engine": "dokkupy.roles.engine",
    "ExecResult": "dokkupy.roles.containers",
    "ImageBuild": "dokkupy.roles.images",
    "ImageBuilds": "dokkupy.roles.images",
    "ImageRegistries": "dokkupy.roles.images",
    "Images": "dokkupy.roles.images",
    "Instances": "dokkupy.roles.scheduler",
    "Network": "dokkupy.roles.networks",
    "Networks": "dokkupy.roles.networks",
    "OneOffSessions": "dokkupy_sdk.one_offs",
    "OneOffs": "dokkupy_sdk.one_offs",
    "Proxy": "dokkupy.roles.proxy",
    "Scheduler": "dokkupy.roles.scheduler",
    "SourceHistory": "dokkupy_sdk.history",
    "SourceStore": "dokkupy_sdk.source_store",
    "Surroundings": "dokkupy.roles.scheduler",
    "TlsProbe": "dokkupy_sdk.tls",
    "Volumes": "dokkupy.roles.volumes",
}
"""Name -> its module."""


def __getattr__(name: str) -> object:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dokkupy.kernel.registry import module_of

    globals()[name] = found = getattr(module_of(HOMES[name]), name)
    return found


__all__ = [
    "AccessLog",
    "BackupSubject",
    "Builder",
    "ChallengeServer",
    "Container",
    "ContainerSessions",
    "ContainerSpec",
    "Containers",
    "Engine",
    "ExecResult",
    "ImageBuild",
    "ImageBuilds",
    "ImageRegistries",
    "Images",
    "Instances",
    "Network",
    "Networks",
    "OneOffSessions",
    "OneOffs",
    "Proxy",
    "Scheduler",
    "SourceHistory",
    "SourceStore",
    "Surroundings",
    "TlsProbe",
    "Volumes",
]
