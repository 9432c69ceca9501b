"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, NotRequired, TypedDict


class NginxShowConfig(TypedDict):
    app: str | None
    config: str


class NginxValidateConfig(TypedDict):
    valid: NotRequired[bool]
    app: NotRequired[str | None]
    removed: NotRequired[dict[str, str]]


ANSWERS: dict[str, Any] = {
    "nginx:access-logs": None,
    "nginx:error-logs": None,
    "nginx:show-conf": NginxShowConfig,
    "nginx:show-config": NginxShowConfig,
    "nginx:validate": NginxValidateConfig,
    "nginx:validate-config": NginxValidateConfig,
}
