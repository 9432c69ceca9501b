"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict

from dokkupy_sdk.answers import Commas


class StorageCreate(TypedDict):
    name: str
    scheduler: str
    host_path: str
    chown: str
    mode: str
    size: str
    access_mode: str
    storage_class_name: str
    namespace: str
    reclaim_policy: str
    labels: dict[str, str]
    annotations: dict[str, str]
    apps: list[str]
    created_at: str
    used_bytes: str
    growth_bytes_per_day: str
    measured_at: str


class StorageDestroy(TypedDict):
    name: str
    host_path: str
    directory_kept: bool


class StorageEnsureDirectory(TypedDict):
    path: str
    owner: str | None


class StorageList(TypedDict):
    host_path: str
    container_path: str
    volume_options: str
    entry_name: str
    phases: list[str]
    process_type: str


class StorageListEntries(TypedDict):
    name: str
    scheduler: str
    host_path: str


class StorageMeasure(TypedDict):
    host_path: str
    used_bytes: str
    growth_bytes_per_day: str
    measured_at: str


class StorageTrash(TypedDict):
    name: str
    host_path: str
    directory: str
    until: str


class StorageMigrate(TypedDict):
    app: str
    mount: str


class StorageMount(TypedDict):
    app: str
    entry_name: str
    host_path: str
    container_dir: str
    phases: str
    process_type: str
    volume_subpath: str
    volume_readonly: str
    volume_chown: str
    volume_options: str


class StorageUnmountUnmounted(TypedDict):
    host_path: str
    container_path: str


class StorageUnmount(TypedDict):
    app: str
    unmounted: list[StorageUnmountUnmounted]


class StorageWait(TypedDict):
    name: str
    ready: bool


ANSWERS: dict[str, Any] = {
    "storage:annotations:report": dict[str, str],
    "storage:create": StorageCreate,
    "storage:destroy": StorageDestroy,
    "storage:ensure-directory": StorageEnsureDirectory,
    "storage:info": StorageCreate,
    "storage:labels:report": dict[str, str],
    "storage:list": list[StorageList],
    "storage:list-entries": list[StorageListEntries],
    "storage:measure": list[StorageMeasure],
    "storage:migrate": list[StorageMigrate],
    "storage:mount": StorageMount,
    "storage:trash": list[StorageTrash],
    "storage:undestroy": StorageCreate,
    "storage:unmount": StorageUnmount,
    "storage:wait": StorageWait,
}

REPORTS: dict[str, dict[str, Any]] = {
    "storage:report": {
        "attachment_*_phases": Commas,
    },
}
