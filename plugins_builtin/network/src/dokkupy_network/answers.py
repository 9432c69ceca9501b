"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class NetworkCreate(TypedDict):
    network: str


class NetworkExists(TypedDict):
    network: str
    exists: bool


class NetworkList(TypedDict):
    created_at: str
    dokku_managed: bool
    driver: str
    id: str
    ipv6: bool
    internal: bool
    labels: dict[str, str]
    name: str
    scope: str


class NetworkInfo(NetworkList):
    containers: list[str]


class NetworkRebuild(TypedDict):
    app: str


class NetworkRebuildall(TypedDict):
    apps: list[str]


ANSWERS: dict[str, Any] = {
    "network:create": NetworkCreate,
    "network:destroy": NetworkCreate,
    "network:exists": NetworkExists,
    "network:info": NetworkInfo,
    "network:list": list[NetworkList],
    "network:rebuild": NetworkRebuild,
    "network:rebuildall": NetworkRebuildall,
}

REPORTS: dict[str, dict[str, Any]] = {
    "network:report": {
        "web_listeners": list[str],
    },
}
