"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, NotRequired, TypedDict

from dokkupy_sdk.answers import Service


class Backup(TypedDict):
    service: str
    backup: str


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
    exposed: list[str]


class Info(TypedDict, total=False):
    """All of it, or the one value of a flag. A dry run has the service alone."""

    service: str
    config_dir: str
    config_options: str
    data_dir: str
    dsn: str
    exposed_ports: list[str]
    id: str
    initial_network: str
    internal_ip: str
    memory: str
    missing: str
    mounts: list[str]
    restart_policy: str
    links: list[str]
    post_create_network: str
    post_start_network: str
    service_root: str
    status: str
    version: str
    server_version: str
    service_id: str
    wanted_state: str
    previous: str


class Unlink(TypedDict):
    """variables: the names of the variables that the app lost."""

    service: str
    app: str
    variables: list[str]
    restarted: bool


class Moved(TypedDict):
    """how: nothing, in-place or moved. downtime: seconds in which apps could not reach it. restarted: apps."""

    service: str
    image: str
    version: str
    how: str
    downtime: float
    restarted: list[str]


class Linked(TypedDict):
    service: str
    app: str
    linked: bool


class Mount(TypedDict):
    service: str
    mounts: list[str]


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
    exposed: list[str]


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
    "*:clone": Info,
    "*:create": Info,
    "*:destroy": Destroy,
    "*:exists": Exists,
    "*:expose": Expose,
    "*:import": Moved,
    "*:info": Info,
    "*:link": Promote,
    "*:linked": Linked,
    "*:links": list[str],
    "*:list": list[str],
    "*:mount": Mount,
    "*:pause": Stop,
    "*:promote": Promote,
    "*:rename": Rename,
    "*:restart": Start,
    "*:revert": Moved,
    "*:start": Start,
    "*:stop": Stop,
    "*:unexpose": Expose,
    "*:unlink": Unlink,
    "*:unmount": Mount,
    "*:upgrade": Moved,
    "services:adopt": ServicesAdopt,
    "services:destroy": Destroy,
    "services:forget": ServicesForget,
    "services:link": Promote,
    "services:list": list[ServicesList],
    "services:purge": ServicesPurge,
    "services:trash": list[ServicesTrash],
    "services:undestroy": ServicesPurge,
    "services:unlink": Unlink,
}
