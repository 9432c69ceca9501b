"""The role ServiceBackups, which implements Dokku's backup commands of services (`postgres:backup`, ...).

Entry-point group `dokkupy.service-backups`; dokkupy-backups fills it. Everything beyond Dokku's commands is in the
namespace `backups`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from dokkupy_sdk import Host
from dokkupy_sdk.names import Secret

ROLE = "service-backups"


class ServiceBackups(ABC):
    """Backs up services for Dokku's commands. subject: `KIND:NAME`. bucket: `BUCKET` or `BUCKET/PREFIX` of an
    S3-compatible store."""

    def __init__(self, host: Host) -> None:
        self.host = host

    @abstractmethod
    def authenticate(self, subject: str, key: str, secret: Secret, region: str, endpoint: str) -> None:
        """Store the credentials for a subject's buckets. endpoint: the https URL of the store; empty for Amazon's."""

    @abstractmethod
    def forget(self, subject: str) -> None:
        """Delete the credentials. Raises NotFound."""

    @abstractmethod
    def backup(self, subject: str, bucket: str) -> str:
        """Back up now, and return the backup's id. Raises HostError; NotFound without credentials."""

    @abstractmethod
    def schedule(self, subject: str, cron: str, bucket: str) -> None: ...

    @abstractmethod
    def scheduled(self, subject: str) -> str:
        """The schedule as a line of a crontab. Raises NotFound."""

    @abstractmethod
    def unschedule(self, subject: str) -> None:
        """Raises NotFound."""
