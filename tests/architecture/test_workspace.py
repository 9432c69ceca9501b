"""Handwritten lists about the workspace match its folders."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


#: For developers' machines only. The meta distribution does not require it (its README says why).
CLIENT = "plugins_builtin/client"


def names(pattern: str) -> set[str]:
    return {str(path.parent.relative_to(ROOT)) for path in ROOT.glob(pattern)}


def test_meta_distribution_depends_on_every_builtin_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dependencies = set(project["dependencies"])
    pinned = {
        f"dokkupy-{Path(folder).name}=={project['version']}"
        for folder in names("plugins_builtin/*/pyproject.toml") - {CLIENT}
    }
    assert dependencies == pinned | {f"dokkupy-{part}=={project['version']}" for part in ("core", "sdk")}


def test_contributing_names_files_that_exist() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("| to change | open |")[2].partition("\n\n")[0]
    paths = [path for row in table.splitlines()[2:] for path in re.findall(r"`([^`]+/[^`]+)`", row)]
    assert len(paths) >= 8, "the table of what to open is missing"
    assert not [path for path in paths if not (ROOT / path).exists()]


def test_folders_with_a_marker_exist() -> None:
    spec = importlib.util.spec_from_file_location("markers", ROOT / "conftest.py")
    assert spec is not None and spec.loader is not None
    markers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(markers)
    assert [folder for folder in markers.FOLDERS if not (ROOT / folder).is_dir()] == []
    assert set(markers.FOLDERS.values()) < set(markers.LANES)
    assert markers.lane_of(ROOT / "plugins_builtin/redis/tests/test_x.py") == "docker"
    assert markers.lane_of(ROOT / "plugins_builtin/git-lfs/tests/test_x.py") == "unit"


def test_tests_that_are_left_to_thorough_exist() -> None:
    """A renamed test would run again without anyone noticing, and a renamed exception would not run any more."""
    entries = tomllib.loads((ROOT / "tests" / "thorough.toml").read_text())
    assert all(why.endswith(".") for why in entries)
    for entry in entries.values():
        for pattern in (*entry["tests"], *entry.get("but", ())):
            path, _, name = pattern.partition("::")
            files = [file for file in ROOT.glob(path) if ".venv" not in file.parts]
            assert files or path == "*", pattern
            word = name.rpartition("::")[2].partition("?")[0].rstrip("*")
            texts = files if word and path != "*" else ()
            kits = (*ROOT.glob("plugins_builtin/*/src/*/testing/*.py"), *ROOT.glob("plugins_builtin/*/tests/*.py"))
            assert not word or any(f"def {word}" in file.read_text() for file in (*texts, *kits) if file.is_file()), (
                pattern
            )


def test_recorded_seconds_are_those_of_folders_and_files_that_exist() -> None:
    lines = (ROOT / "tests/times").read_text().splitlines()
    assert [line for line in lines if not (ROOT / line.partition(":")[0]).exists()] == []


def test_folders_inside_a_package_have_an_import_contract() -> None:
    packages = {path.parent.parent.name for path in ROOT.glob("plugins_builtin/*/src/*/*/__init__.py")}
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert packages - {name for one in contracts for name in one.get("containers", ())} == set()


def test_no_folder_of_sources_has_a_name_that_git_ignores() -> None:
    """Otherwise git would ignore new files in it, and a wheel would lack all of its files."""
    ignored = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split() if line.endswith("/")} - {
        "__pycache__"
    }
    folders = [
        path for base in ("core", "plugin_sdk", "plugins_builtin") for path in (ROOT / base).glob("**/src/**/*/")
    ]
    assert [path for path in folders if path.name in ignored and path.is_dir()] == []


def test_the_client_requires_nothing_and_no_host_has_it() -> None:
    """Its program has the same name as that of the host, `dokku`, so both must never be in one environment."""
    assert tomllib.loads((ROOT / CLIENT / "pyproject.toml").read_text())["project"]["dependencies"] == []
    imported = {
        name.partition(".")[0]
        for path in (ROOT / CLIENT / "src").rglob("*.py")
        for name in re.findall(r"^\s*(?:from|import) ([\w.]+)", path.read_text(), re.MULTILINE)
    }
    assert {name for name in imported if name.startswith("dokkupy")} == {"dokkupy_client"}
    installer = (ROOT / "install.sh").read_text()
    assert "$folder != */client " in installer
    assert 'rm -f -- "$fresh"/dokkupy_client-*.whl' in installer
