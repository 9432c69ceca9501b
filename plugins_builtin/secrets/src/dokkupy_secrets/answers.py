"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class SecretsKeyAdd(TypedDict):
    added: list[str]


class SecretsRotate(TypedDict):
    key: str
    files: int
    removed: list[str]
    kept: list[str]


ANSWERS: dict[str, Any] = {
    "secrets:key": list[str],
    "secrets:key-add": SecretsKeyAdd,
    "secrets:rotate": SecretsRotate,
}
