"""The commands of the namespaces `builder-pack`, `builder-nixpacks`, `builder-railpack`, `builder-lambda`."""

from __future__ import annotations

from dokkupy_sdk.cli import Group
from dokkupy_sdk.settings import add_property_commands

from dokkupy_builders.settings import LAMBDA, NIXPACKS, PACK, RAILPACK

pack_group = Group("builder-pack", "Settings of the builder pack (Cloud Native Buildpacks)")
nixpacks_group = Group("builder-nixpacks", "Settings of the builder nixpacks")
railpack_group = Group("builder-railpack", "Settings of the builder railpack")
lambda_group = Group("builder-lambda", "Settings of the builder lambda")

add_property_commands(pack_group, PACK, beyond=("builder-image",))
add_property_commands(nixpacks_group, NIXPACKS)
add_property_commands(railpack_group, RAILPACK)
add_property_commands(lambda_group, LAMBDA)
