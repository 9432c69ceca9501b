"""Perl: an app.psgi, served by Starman."""

from __future__ import annotations

from dokkupy_sdk.buildpack import Context, Language, Plan, Toolchain, Tree

TOOLCHAIN = Toolchain(
    "perl",
    debian={"trixie": "5.40", "bookworm": "5.36"},
    run_packages=("libplack-perl", "perl", "starman"),
)
"""Where Perl comes from: packages of Debian, so that no image registry is needed."""


class Perl(Language):
    name = "perl"
    toolchain = TOOLCHAIN

    def detect(self, tree: Tree) -> int:
        return 80 if tree.has("app.psgi") else 0

    def plan(self, tree: Tree, context: Context) -> Plan:
        return Plan(
            language=self.name,
            toolchain=TOOLCHAIN,
            env={"PERL5LIB": "/app/lib"},
            processes={}
            if context.procfile
            else {"web": "starman --listen 0.0.0.0:${PORT:-5000} --workers 2 app.psgi"},
        )
