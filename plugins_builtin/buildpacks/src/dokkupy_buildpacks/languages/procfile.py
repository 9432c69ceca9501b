"""A source that contains its own programs. Nothing is built, and the Procfile says what runs."""

from __future__ import annotations

from dokkupy_sdk.buildpack import Context, Language, Plan, Toolchain, Tree

TOOLCHAIN = Toolchain(
    "plain",
    official="debian",
    debian={"trixie": "13", "bookworm": "12"},
    run_packages=("bash",),
    build_variants=("-slim", ""),
)


class ProcfileOnly(Language):
    name = "procfile"
    toolchain = TOOLCHAIN

    def detect(self, tree: Tree) -> int:
        return 10 if tree.has("Procfile") else 0

    def plan(self, tree: Tree, context: Context) -> Plan:
        return Plan(self.name, TOOLCHAIN)
