"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict


class PluginList(TypedDict):
    """status: enabled, disabled or broken; reason: why it is broken."""

    name: str
    distribution: str
    version: str
    status: str
    reason: str
    summary: str
    source: str


class PluginEnable(TypedDict):
    plugin: str
    changed: bool


class PluginInstall(TypedDict):
    distribution: str
    version: str
    before: str


class PluginNew(TypedDict):
    directory: str
    files: list[str]


class PluginTrigger(TypedDict):
    plugin: str
    answer: str


class PluginUninstall(TypedDict):
    distribution: str


ANSWERS: dict[str, Any] = {
    "plugin:disable": PluginEnable,
    "plugin:enable": PluginEnable,
    "plugin:install": list[PluginInstall],
    "plugin:install-dependencies": list[str],
    "plugin:list": list[PluginList],
    "plugin:new": PluginNew,
    "plugin:trigger": list[PluginTrigger],
    "plugin:uninstall": PluginUninstall,
    "plugin:update": list[PluginInstall],
}
