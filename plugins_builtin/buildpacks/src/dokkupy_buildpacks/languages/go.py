"""Go: modules, vendored or not."""

from __future__ import annotations

import re

from dokkupy_sdk.buildpack import Context, Copy, Language, Plan, Stage, Step, Toolchain, Tree, Wanted
from dokkupy_sdk.errors import AppError

from dokkupy_buildpacks.languages.procfile import TOOLCHAIN as PLAIN

TOOLCHAIN = Toolchain(
    "go",
    official="golang",
    debian={"trixie": "1.24", "bookworm": "1.19"},
    # A compiler for packages in C (cgo): SQLite, zstd, the user's own. libstdc++ is on every Debian base.
    build_packages=("ca-certificates", "g++", "gcc", "git", "golang-go", "libc6-dev", "make", "pkg-config"),
    package="golang.org/toolchain",
    registry="go",
)

CACHES = ("/root/.cache/go-build", "/root/go/pkg/mod")
MODULE = re.compile(r"(?m)^\s*module\s+(\S+)")
GO = re.compile(r"(?m)^\s*(?:toolchain\s+go|go\s+)(\d+\.\d+(?:\.\d+)?)")
MAIN = re.compile(r"(?m)^package\s+main\b")


CGO = """\
export CGO_ENABLED=1
written_in_c=$(go list -deps -f '{{{{if and .CgoFiles (not .Standard)}}}}{{{{.ImportPath}}}}{{{{end}}}}' {packages})
if [ -z "$written_in_c" ]; then export CGO_ENABLED=0; else echo "Compiled with C (cgo):" $written_in_c; fi
"""
"""Build a static program, unless one of its packages is written in C. Without cgo, such a package compiles to a stub
(go-sqlite3), and the app fails only when it runs. If the app sets CGO_ENABLED, that decides."""


class Go(Language):
    name = "go"
    toolchain = TOOLCHAIN
    steering = ("GO_INSTALL_PACKAGE_SPEC", "GO_LINKER_SYMBOL", "CGO_ENABLED")

    def detect(self, tree: Tree) -> int:
        return 90 if tree.has("go.mod") or tree.has("go.work") else 0

    def plan(self, tree: Tree, context: Context) -> Plan:
        text = tree.text("go.mod") or ""
        found = MODULE.search(text)
        if found is None and not tree.has("go.work"):
            raise AppError("go.mod has no line `module NAME`", hint="Create it again: go mod init NAME")
        packages = programs(tree, text, context)
        build = "go build -buildvcs=false -trimpath -ldflags=-s -o /out/"
        cgo = CGO.format(packages=" ".join(packages)) if "CGO_ENABLED" not in context.values else ""
        name = (found[1] if found else "app").rstrip("/").rsplit("/", 1)[-1]
        first = packages[0]
        program = name if first == "." else first.rsplit("/", 1)[-1]
        if re.fullmatch(r"v\d+", program) and found:
            program = found[1].rsplit("/", 2)[-2]
        command = f"mkdir -p /out\n{cgo}{build} {' '.join(packages)}"
        return Plan(
            language=self.name,
            toolchain=TOOLCHAIN,
            wanted=wanted(tree),
            # Only the program runs, so the base is one that other apps share.
            runtime=PLAIN,
            stages=(
                Stage(
                    "app",
                    (Step(command, files=(".",), caches=CACHES, config=True, title=f"go build {' '.join(packages)}"),),
                ),
            ),
            copies=(Copy("", ".", "/app"), Copy("app", "/out", "/app/bin")),
            env={"PATH": "/app/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"},
            build_env={
                "PATH": "/usr/local/go/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin",
                **({"CGO_ENABLED": context.values["CGO_ENABLED"]} if "CGO_ENABLED" in context.values else {}),
                "GOTOOLCHAIN": "auto",
                "GOFLAGS": "-mod=vendor" if tree.has_directory("vendor") and tree.has("vendor/modules.txt") else "",
                "HOME": "/root",
            },
            processes={} if context.procfile else {"web": program},
            remarks=(f"Programs: {', '.join(packages)}",),
        )


def programs(tree: Tree, text: str, context: Context) -> list[str]:
    """The packages to build: those of GO_INSTALL_PACKAGE_SPEC, those of `// +heroku install` in go.mod, or else every
    main package at the root and below cmd/."""
    spec = context.values.get("GO_INSTALL_PACKAGE_SPEC", "")
    stated = re.search(r"(?m)^\s*//\s*\+heroku\s+install\s+(.+)$", text)
    chosen = spec.split() or (stated[1].split() if stated else [])
    if chosen:
        if not all(re.fullmatch(r"[A-Za-z0-9_./-]+", one) for one in chosen):
            raise AppError(
                f"{' '.join(chosen)[:80]!r} is not a list of Go packages",
                hint="Name packages as in GO_INSTALL_PACKAGE_SPEC=./cmd/web: separated by spaces, of letters, digits and _ . / - alone.",
            )
        return chosen
    found = []
    for path in tree.files(".go", depth=3):
        directory = path.rpartition("/")[0]
        package = f"./{directory}" if directory else "."
        if path.endswith("_test.go") or package in found:
            continue
        if (not directory or directory.startswith("cmd/")) and MAIN.search(tree.text(path) or ""):
            found.append(package)
    if not found:
        raise AppError(
            "No package main was found at the root or below cmd/",
            hint="Name it with a line `// +heroku install ./path` in go.mod, or with the variable "
            "GO_INSTALL_PACKAGE_SPEC.",
        )
    return sorted(found)


def wanted(tree: Tree) -> Wanted:
    """The version that the go line asks for. It is a minimum: since 1.21, Go itself fetches a newer toolchain through
    the module proxy."""
    stated = [
        (tuple(int(part) for part in version.split(".")), name)
        for name in ("go.mod", "go.work")
        for version in GO.findall(tree.text(name) or "")
    ]
    if not stated:
        return Wanted()
    least, origin = max(stated, key=lambda one: one[0])

    def accepts(version: str) -> bool:
        parts = tuple(int(part) for part in version.split("."))
        return parts >= least[: len(parts)] or parts >= (1, 21)

    text = ".".join(str(part) for part in least)
    # Since 1.21, the first release of a version ends in .0 (go.dev/doc/toolchain).
    fetched = "" if least < (1, 21) else f"{text}.0" if len(least) == 2 else text
    return Wanted(f">={text}", origin, accepts, (text, "1"), fetched)
