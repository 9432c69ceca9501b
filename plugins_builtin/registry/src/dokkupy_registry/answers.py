"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class RegistryLogin(TypedDict):
    server: str
    user: str


class RegistryLogout(TypedDict):
    server: str
    changed: bool


ANSWERS: dict[str, Any] = {
    "registry:login": RegistryLogin,
    "registry:logout": RegistryLogout,
}
