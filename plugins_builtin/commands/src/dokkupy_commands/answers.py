"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, NotRequired, TypedDict

from dokkupy_sdk.answers import Commas, Each, Epoch, Time


class AppsLocked(TypedDict):
    app: str
    locked: bool


class BuildsCancel(TypedDict):
    app: str
    id: str | None


class BuildsInfo(TypedDict):
    id: str
    app: str
    kind: str
    status: str
    pid: int | None
    source: str
    started_at: str
    finished_at: str
    exit_code: int | None


class BuildsOutput(TypedDict):
    output: str


class ConfigSet(TypedDict):
    app: str | None
    changed: bool
    restarted: bool


class ConfigGet(TypedDict):
    key: str
    value: str | None
    error: NotRequired[str]
    message: NotRequired[str]
    hint: NotRequired[str]
    details: NotRequired[list[str]]
    exit_code: NotRequired[int]
    plugin: NotRequired[str | None]


class DomainsAdd(TypedDict):
    app: str
    domains: list[str]


class PortsAdd(TypedDict):
    app: str
    map: list[str]


class ReleasesList(TypedDict):
    number: int
    created_at: str
    by: str
    source: str
    revision: str
    description: str
    image: str
    serving: bool


class ReleasesInfo(TypedDict):
    """env, config, files: names without values. own_ports, detected: SCHEME:HOST:CONTAINER. settings: plugin -> property ->
    value. kept: namespace -> the properties that a release keeps."""

    app: NotRequired[str]
    number: int
    image: str
    created_at: str
    source: str
    revision: str
    description: str
    by: str
    builder: str
    env: list[str]
    config: list[str]
    processes: dict[str, str | None]
    formation: dict[str, int]
    own_ports: list[str]
    detected: list[str]
    options: dict[str, list[str]]
    settings: dict[str, dict[str, str]]
    files: list[str]
    plugins: dict[str, str]
    mark: str
    kept: dict[str, list[str]]


class Commit(TypedDict):
    id: str
    author: str
    subject: str


ReleaseChange = TypedDict("ReleaseChange", {"what": str, "from": str, "to": str})
ReleasesDiff = TypedDict(
    "ReleasesDiff", {"from": int, "to": int, "commits": list[Commit], "changes": list[ReleaseChange]}
)


class Counts(TypedDict):
    running: int
    wanted: int


class PsList(TypedDict):
    """state: new, failed, running, partly, down, stopped or broken. The figures are those of the installed plugins; null if unknown."""

    app: str
    state: str
    release: int | None
    released_at: str | None
    by: str
    processes: dict[str, Counts]
    restarts: int
    url: str | None
    cpu_percent: NotRequired[float | None]
    memory_bytes: NotRequired[int | None]
    requests_per_minute: NotRequired[float | None]
    p95_seconds: NotRequired[float | None]
    backup_verified_at: NotRequired[str | None]


class ReleasesPrune(TypedDict):
    app: str
    pruned: list[int]


class ReleasesRollback(TypedDict):
    app: str
    number: int
    description: str


ANSWERS: dict[str, Any] = {
    "apps:list": list[str],
    "apps:locked": AppsLocked,
    "builds:cancel": BuildsCancel,
    "builds:info": BuildsInfo,
    "builds:list": list[BuildsInfo],
    "builds:output": BuildsOutput,
    "builds:prune": list[str],
    "config:bundle": None,
    "config:clear": ConfigSet,
    "config:export": dict[str, str],
    "config:get": ConfigGet,
    "config:import": ConfigSet,
    "config:keys": list[str],
    "config:set": ConfigSet,
    "config:show": dict[str, str],
    "config:unset": ConfigSet,
    "domains:add": DomainsAdd,
    "domains:add-global": list[str],
    "domains:clear": list[Each],
    "domains:clear-global": list[str],
    "domains:disable": list[Each],
    "domains:enable": list[Each],
    "domains:remove": DomainsAdd,
    "domains:remove-global": list[str],
    "domains:reset": list[Each],
    "domains:set": DomainsAdd,
    "domains:set-global": list[str],
    "ports:add": PortsAdd,
    "ports:clear": PortsAdd,
    "ports:list": list[str],
    "ports:remove": PortsAdd,
    "ports:set": PortsAdd,
    "proxy:build-config": list[Each],
    "proxy:clear-config": list[Each],
    "proxy:disable": list[Each],
    "proxy:enable": list[Each],
    "ps:inspect": list[dict[str, Any]],
    "ps:list": list[PsList],
    "ps:rebuild": list[Each],
    "ps:restart": list[Each],
    "ps:restore": list[Each],
    "ps:retire": list[str],
    "ps:scale": dict[str, int],
    "ps:start": list[Each],
    "ps:stop": list[Each],
    "releases:diff": ReleasesDiff,
    "releases:info": ReleasesInfo,
    "releases:list": list[ReleasesList],
    "releases:prune": ReleasesPrune,
    "releases:rollback": ReleasesRollback,
    "report": dict[str, Any],
    "url": list[str],
    "urls": list[str],
}


class Port(TypedDict):
    scheme: str
    host_port: int
    container_port: int


REPORTS: dict[str, dict[str, Any]] = {
    "apps:report": {
        "created_at": Epoch,
    },
    "builds:report": {
        "build_exit_code": int | None,
        "build_finished_at": Time,
        "build_pid": int | None,
        "build_started_at": Time,
    },
    "domains:report": {
        "app_vhosts": list[str],
        "global_vhosts": list[str],
    },
    "ports:report": {
        "map": list[str],
        "map_detected": list[str],
        "map_detected_json": list[Port],
        "map_json": list[Port],
    },
    "ps:report": {
        "pending": Commas,
        "processes": int,
    },
}
