"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class HttpAuthShowConfig(TypedDict):
    enabled: bool
    users: list[str]
    allowed_ips: list[str]


class Maintenance(TypedDict):
    app: str
    enabled: bool


class MaintenanceCustomPage(TypedDict):
    app: str
    files: list[str]


class Redirect(TypedDict):
    source: str
    destination: str


ANSWERS: dict[str, Any] = {
    "http-auth:show-config": HttpAuthShowConfig,
    "maintenance": Maintenance,
    "maintenance:custom-page": MaintenanceCustomPage,
    "redirect": list[Redirect],
}

REPORTS: dict[str, dict[str, Any]] = {
    "http-auth:report": {
        "allowed_ips": list[str],
        "users": list[str],
    },
    "redirect:report": {
        "domains": list[str],
    },
}
