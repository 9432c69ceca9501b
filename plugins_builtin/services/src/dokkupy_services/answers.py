"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, NotRequired, TypedDict

from dokkupy_sdk.answers import Service


class Backup(TypedDict):
    service: str
    backup: dict[str, Any] | str


class BackupSchedule(TypedDict):
    service: str
    schedule: str
    bucket: str


class BackupScheduleCat(TypedDict):
    service: str
    line: str


class BackupSetEncryption(TypedDict):
    service: str
    encrypted: bool


class Destroy(TypedDict):
    service: str
    data_kept: bool


class Exists(TypedDict):
    service: str
    exists: bool


class Expose(TypedDict):
    service: str
    exposed: list[Any]


class Linked(TypedDict):
    service: str
    app: str
    linked: bool


class Mount(TypedDict):
    service: str
    mounts: list[Any]


class Stop(TypedDict):
    service: str
    state: str


class Promote(TypedDict):
    service: str
    app: str
    variable: str
    restarted: bool


class Rename(TypedDict):
    service: str
    was: str


class Start(TypedDict):
    service: str
    state: str
    links: NotRequired[list[str]]


class ServicesAdopt(TypedDict):
    service: str
    alias: str


class ServicesForget(TypedDict):
    service: str


class ServicesList(TypedDict):
    service: str
    image: str
    version: str
    state: str
    wanted: str
    links: list[str]
    exposed: list[Any]


class ServicesPurge(TypedDict):
    service: str
    id: str


class ServicesTrash(TypedDict):
    service: str
    id: str
    volume: str
    image: str
    until: str


ANSWERS: dict[str, Any] = {
    "*:app-links": list[str],
    "*:backup": Backup,
    "*:backup-auth": Service,
    "*:backup-deauth": Service,
    "*:backup-schedule": BackupSchedule,
    "*:backup-schedule-cat": BackupScheduleCat,
    "*:backup-set-encryption": BackupSetEncryption,
    "*:backup-set-public-key-encryption": BackupSetEncryption,
    "*:backup-unschedule": Service,
    "*:backup-unset-encryption": Service,
    "*:backup-unset-public-key-encryption": Service,
    "*:clone": dict[str, Any],
    "*:create": dict[str, Any],
    "*:destroy": Destroy,
    "*:exists": Exists,
    "*:expose": Expose,
    "*:import": dict[str, Any],
    "*:info": dict[str, Any],
    "*:link": dict[str, Any],
    "*:linked": Linked,
    "*:links": list[str],
    "*:list": list[str],
    "*:mount": Mount,
    "*:pause": Stop,
    "*:promote": Promote,
    "*:rename": Rename,
    "*:restart": Start,
    "*:revert": dict[str, Any],
    "*:start": Start,
    "*:stop": Stop,
    "*:unexpose": Expose,
    "*:unlink": dict[str, Any],
    "*:unmount": Mount,
    "*:upgrade": dict[str, Any],
    "services:adopt": ServicesAdopt,
    "services:destroy": Destroy,
    "services:forget": ServicesForget,
    "services:link": dict[str, Any],
    "services:list": list[ServicesList],
    "services:purge": ServicesPurge,
    "services:trash": list[ServicesTrash],
    "services:undestroy": ServicesPurge,
    "services:unlink": dict[str, Any],
}
