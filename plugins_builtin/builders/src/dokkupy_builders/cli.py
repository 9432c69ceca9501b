"""The commands of the namespaces `builder-pack`, `builder-nixpacks`, `builder-railpack`, `builder-lambda`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Group, Host
from dokkupy_sdk.names import AppName

from dokkupy_builders.settings import LAMBDA, NIXPACKS, PACK, RAILPACK, require_trusted

pack_group = Group("builder-pack", "Settings of the builder pack (Cloud Native Buildpacks)")
nixpacks_group = Group("builder-nixpacks", "Settings of the builder nixpacks")
railpack_group = Group("builder-railpack", "Settings of the builder railpack")
lambda_group = Group("builder-lambda", "Settings of the builder lambda")


def judge(host: Host, app: AppName | None, name: str, value: str) -> None:
    if name == "builder-image":
        require_trusted(host.store, app, value)


add_property_commands(pack_group, PACK, beyond=("builder-image", "trusted-builders"), judge=judge)
add_property_commands(nixpacks_group, NIXPACKS)
add_property_commands(railpack_group, RAILPACK)
add_property_commands(lambda_group, LAMBDA)
