"""The roles that an adapter implements; each class documents its contract."""

from dokkupy.roles.builder import Builder
from dokkupy.roles.containers import Container, Containers, ContainerSessions, ContainerSpec, ExecResult
from dokkupy.roles.engine import Engine
from dokkupy.roles.images import ImageBuild, ImageBuilds, ImageRegistries, Images
from dokkupy.roles.networks import Network, Networks
from dokkupy.roles.proxy import Proxy
from dokkupy.roles.scheduler import Instances, Scheduler, Surroundings
from dokkupy.roles.source import SourceStore
from dokkupy.roles.tls import ChallengeServer, TlsProbe
from dokkupy.roles.volumes import Volumes

from dokkupy_sdk.backup_subject import BackupSubject

__all__ = [
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
    "Proxy",
    "Scheduler",
    "SourceStore",
    "Surroundings",
    "TlsProbe",
    "Volumes",
]
