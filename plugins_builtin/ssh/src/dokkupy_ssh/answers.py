"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class SshKeysAdd(TypedDict):
    name: str
    fingerprint: str
    role: str


class SshKeysList(TypedDict):
    name: str
    fingerprint: str
    role: str
    apps: list[str]


class SshKeysSet(TypedDict):
    name: str
    role: str
    apps: list[str]


class Whoami(TypedDict):
    name: str
    is_key: bool
    role: str
    apps: list[str]
    permissions: list[str]


ANSWERS: dict[str, Any] = {
    "ssh-keys:add": SshKeysAdd,
    "ssh-keys:list": list[SshKeysList],
    "ssh-keys:remove": list[str],
    "ssh-keys:set": SshKeysSet,
    "whoami": Whoami,
}
