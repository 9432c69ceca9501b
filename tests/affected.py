"""The folders of tests that a change can break: prints them, a line each.

A change against the branch `main`, with what is not yet committed, touches distributions; those that depend on one of them
count too. The architecture's tests always run; end-to-end tests only when the change is in them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ALWAYS = "tests/architecture"


def changed() -> list[str]:
    """Paths that differ from where this branch left main, and new ones."""

    def git(*words: str) -> list[str]:
        return subprocess.run(
            ["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True
        ).stdout.split("\n")

    base = git("merge-base", "HEAD", "main")[0]
    return [
        path for path in [*git("diff", "--name-only", base), *git("ls-files", "--others", "--exclude-standard")] if path
    ]


def declared(root: Path) -> dict[str, set[str]]:
    """Each distribution's folder with the folders of those that it depends on, its tests' included."""
    found, folders = {}, {}
    for path in [root / "core", root / "plugin_sdk", *root.glob("plugins_builtin/*"), *root.glob("examples/plugins/*")]:
        if (path / "pyproject.toml").exists():
            project = tomllib.loads((path / "pyproject.toml").read_text())["project"]
            extras = project.get("optional-dependencies", {})
            words = [*project.get("dependencies", []), *(word for extra in extras.values() for word in extra)]
            folders[project["name"]] = str(path.relative_to(root))
            found[str(path.relative_to(root))] = {
                match[0] for word in words if (match := re.match(r"dokkupy-[a-z-]+", word))
            }
    return {folder: {folders[name] for name in names if name in folders} for folder, names in found.items()}


def touched(paths: Iterable[str], depends: dict[str, set[str]]) -> set[str]:
    """The distributions that own one of the paths outside their tests, and all that depend on them."""
    owners = {folder for folder in depends for path in paths if path.startswith(f"{folder}/") and "/tests/" not in path}
    while more := {folder for folder, needed in depends.items() if needed & owners} - owners:
        owners |= more
    return owners


def roots(paths: list[str], depends: dict[str, set[str]]) -> list[str]:
    """The folders of tests, the architecture's first."""
    found = {f"{folder}/tests" for folder in touched(paths, depends)}
    found |= {f"{folder}/tests" for folder in depends for path in paths if path.startswith(f"{folder}/tests/")}
    found |= {"/".join(path.split("/")[:2]) for path in paths if re.match("tests/[^/]+/", path)}
    if any(path.startswith(("docs/", "examples/")) or path.endswith(".md") for path in paths):
        found.add("tests/docs")
    there = {one for one in found if list((ROOT / one).rglob("test_*.py"))}
    return [ALWAYS, *sorted(there - {ALWAYS, "tests/bench"})]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{root}\n" for root in roots(changed(), declared(ROOT))))
