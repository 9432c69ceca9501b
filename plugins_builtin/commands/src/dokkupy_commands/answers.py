"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, NotRequired, TypedDict

from dokkupy_sdk.answers import Each


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
    "ps:list": list[dict[str, Any]],
    "ps:rebuild": list[Each],
    "ps:restart": list[Each],
    "ps:restore": list[Each],
    "ps:retire": list[str],
    "ps:scale": dict[str, int],
    "ps:start": list[Each],
    "ps:stop": list[Each],
    "releases:diff": dict[str, Any],
    "releases:info": dict[str, Any],
    "releases:list": list[ReleasesList],
    "releases:prune": ReleasesPrune,
    "releases:rollback": ReleasesRollback,
    "report": dict[str, Any],
    "url": list[str],
    "urls": list[str],
}
