"""The roles that an adapter implements; each class documents its contract."""

from dokkupy.roles.backup import BackupSubject
from dokkupy.roles.builder import Builder
from dokkupy.roles.engine import Container, ContainerSpec, Engine, ExecResult, ImageBuild
from dokkupy.roles.proxy import Proxy
from dokkupy.roles.scheduler import Scheduler
from dokkupy.roles.source import SourceStore

__all__ = [
    "BackupSubject",
    "Builder",
    "Container",
    "ContainerSpec",
    "Engine",
    "ExecResult",
    "ImageBuild",
    "Proxy",
    "Scheduler",
    "SourceStore",
]
