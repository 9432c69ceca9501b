"""Rust: Cargo, including workspaces."""

from __future__ import annotations

import re
from typing import Any

from dokkupy_sdk.buildpack import Context, Copy, Language, Plan, Stage, Step, Toolchain, Tree, Wanted
from dokkupy_sdk.errors import AppError

from dokkupy_buildpacks.languages.procfile import TOOLCHAIN as PLAIN
from dokkupy_buildpacks.languages.versions import pinned

TOOLCHAIN = Toolchain(
    "rust",
    official="rust",
    # bookworm-security has a newer Rust than trixie, because its packages `-web` follow the browsers.
    debian={"bookworm": "1.96", "trixie": "1.85"},
    build_packages=("build-essential", "ca-certificates", "git", "libssl-dev", "pkg-config"),
    run_packages=("ca-certificates", "libssl3"),
    suite_packages={"bookworm": ("cargo-web", "rustc-web"), "trixie": ("cargo", "rustc")},
)

CACHES = ("/root/.cargo/registry", "/root/.cargo/git", "/target")
NAME = re.compile(r"[A-Za-z0-9_-]+")

BUILD = """\
find . -type f -exec touch -c {{}} +
cargo build --release {locked} {packages}
mkdir -p /out
find /target/release -maxdepth 1 -type f -perm -u+x ! -name '*.so' ! -name '*.d' -newer /tmp/start -exec cp {{}} /out/ \\;
for name in {names}; do if [ -f /target/release/$name ]; then cp /target/release/$name /out/; fi; done
rm -f /tmp/start"""
"""`touch`: cargo considers a file unchanged if it is not newer than the last build. Without it, two pushes within a
second would both deploy the program of the first."""


class Rust(Language):
    name = "rust"
    toolchain = TOOLCHAIN
    steering = ("RUST_CARGO_BUILD_FLAGS",)

    def detect(self, tree: Tree) -> int:
        return 90 if tree.has("Cargo.toml") else 0

    def plan(self, tree: Tree, context: Context) -> Plan:
        manifests = manifests_of(tree)
        names = [name for manifest in manifests for name in binaries(tree, *manifest)]
        if not names:
            raise AppError(
                "Cargo.toml: there is no program to run, only libraries", hint="Add src/main.rs or a [[bin]]."
            )
        first = default_run(manifests) or names[0]
        locked = "--locked" if tree.has("Cargo.lock") else ""
        command = "touch /tmp/start; " + BUILD.format(
            locked=locked, packages="--workspace" if len(manifests) > 1 else "", names=" ".join(names)
        )
        return Plan(
            language=self.name,
            toolchain=TOOLCHAIN,
            wanted=wanted(tree, manifests),
            runtime=PLAIN,
            stages=(
                Stage("app", (Step(command, files=(".",), caches=CACHES, config=True, title="cargo build --release"),)),
            ),
            copies=(Copy("", ".", "/app"), Copy("app", "/out", "/app/bin")),
            env={"PATH": "/app/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"},
            build_env={
                "CARGO_TARGET_DIR": "/target",
                "CARGO_HOME": "/root/.cargo",
                "CARGO_TERM_COLOR": "never",
                "PATH": "/usr/local/cargo/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin",
            },
            processes={} if context.procfile else {"web": first},
            remarks=(f"Programs: {', '.join(names)}",)
            + (() if locked else ("There is no Cargo.lock, so each build may use different versions",)),
        )


def manifests_of(tree: Tree) -> list[tuple[str, dict[str, Any]]]:
    """(directory, manifest) of each package of the workspace; the root comes first."""
    root = tree.toml("Cargo.toml")
    found = [("", root)] if "package" in root else []
    if "workspace" in root:
        for path in tree.files("Cargo.toml", depth=3):
            directory = path.rpartition("/")[0]
            if directory:
                manifest = tree.toml(path)
                if "package" in manifest:
                    found.append((directory, manifest))
    return found


def binaries(tree: Tree, directory: str, manifest: dict[str, Any]) -> list[str]:
    prefix = f"{directory}/" if directory else ""
    names = []
    if tree.has(f"{prefix}src/main.rs"):
        names.append(str(manifest["package"].get("name", "")))
    names += [str(one.get("name", "")) for one in manifest.get("bin", []) if isinstance(one, dict)]
    names += [
        path.rsplit("/", 1)[-1].removesuffix(".rs")
        for path in tree.files(".rs", depth=6)
        if path.startswith(f"{prefix}src/bin/") and path.count("/") == f"{prefix}src/bin/".count("/")
    ]
    good = list(dict.fromkeys(name for name in names if name))
    for name in good:
        if not NAME.fullmatch(name):
            raise AppError(f"Cargo.toml: {name[:40]!r} is not the name of a program")
    return good


def default_run(manifests: list[tuple[str, dict[str, Any]]]) -> str:
    for _, manifest in manifests:
        stated = manifest["package"].get("default-run", "")
        if isinstance(stated, str) and NAME.fullmatch(stated):
            return stated
    return ""


def wanted(tree: Tree, manifests: list[tuple[str, dict[str, Any]]]) -> Wanted:
    text = tree.text("rust-toolchain.toml") or tree.text("rust-toolchain") or ""
    found = re.search(r"(\d+\.\d+(?:\.\d+)?)", text)
    if found:
        return pinned(found[1], "rust-toolchain.toml" if tree.has("rust-toolchain.toml") else "rust-toolchain")
    least = [
        str(manifest["package"]["rust-version"])
        for _, manifest in manifests
        if isinstance(manifest["package"].get("rust-version"), str)
    ]
    if not least:
        return Wanted(tags=("1",))
    newest = max(tuple(int(part) for part in re.findall(r"\d+", one)) for one in least)

    def accepts(version: str) -> bool:
        parts = tuple(int(part) for part in version.split("."))
        return parts >= newest[: len(parts)]

    return Wanted(">=" + ".".join(str(part) for part in newest), "Cargo.toml", accepts, ("1",))
