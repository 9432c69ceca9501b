"""`plugin:new --kind KIND` writes a plugin that loads, and whose tests pass or name what is still missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from dokkupy.kernel.registry import Registry
from dokkupy_sdk.scaffold import write_language, write_notifier, write_plugin
from dokkupy_sdk.scaffold.adapter import write_builder, write_proxy, write_scheduler
from dokkupy_services.scaffold import write_datastore, write_service_command

KINDS: dict[str, Callable[[str, str], list[str]]] = {
    "plugin": write_plugin,
    "language": write_language,
    "notifier": write_notifier,
    "builder": write_builder,
    "proxy": write_proxy,
    "scheduler": write_scheduler,
    "service-command": write_service_command,
}
TO_BE_WRITTEN = ("builder", "proxy", "scheduler")


def made(kind: str, tmp_path: Path) -> Path:
    """A new plugin with a name of two words, and its entry points, as pip installs them."""
    source = tmp_path / "dokkupy-my-tool"
    files = KINDS[kind]("my-tool", str(source))
    assert "pyproject.toml" in files and "README.md" in files
    install(source, "my_tool")
    return source


def install(source: Path, package: str) -> None:
    """Write the plugin's entry points beside its package, as pip does."""
    facts = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    metadata = source / "src" / f"dokkupy_{package}-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {facts['name']}\nVersion: 0.1.0\n")
    groups = (
        f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in rows.items())
        for group, rows in facts["entry-points"].items()
    )
    (metadata / "entry_points.txt").write_text("\n".join(groups) + "\n")


def run(source: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(source / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *argv], cwd=source, env=env, capture_output=True, text=True, timeout=120)


def test_every_kind_that_can_be_generated_is_tested() -> None:
    assert set(Registry().group("dokkupy.scaffold")) == {
        *KINDS,
        "datastore",
    }  # which has a test of its own, with a server


@pytest.fixture(scope="module")
def one_of_each(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """New plugins of all kinds, with names of their own."""
    folder = tmp_path_factory.mktemp("plugins")
    for kind, write in {**KINDS, "datastore": write_datastore}.items():
        write(f"a-{kind}", str(folder / kind.replace("-", "_")))
    return folder


def test_a_new_plugin_has_nothing_for_linters_and_is_formatted(one_of_each: Path) -> None:
    for words in (["check"], ["format", "--check"]):
        done = run(one_of_each, "-m", "ruff", *words, "--no-cache", ".")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.process
def test_a_new_plugin_is_typed_strictly(one_of_each: Path) -> None:
    """With its tests: a module of them is named by its folder, because several plugins have one of the same name."""
    sources = [str(path) for path in one_of_each.glob("*/src")]
    env = {**os.environ, "MYPYPATH": os.pathsep.join([str(one_of_each), *sources])}
    words = ["-m", "mypy", "--strict", "--explicit-package-bases", "--cache-dir", os.devnull]
    tests = [str(path) for path in one_of_each.glob("*/tests")]
    done = subprocess.run(
        [sys.executable, *words, *sources, *tests], cwd=one_of_each, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_new_plugin_has_no_placeholder_and_its_entry_points_load(kind: str, tmp_path: Path) -> None:
    source = made(kind, tmp_path)
    for path in source.rglob("*"):
        if path.is_file():
            assert not re.search(r"\$\{?(name|package|title|class_name|role|module|methods)\b", path.read_text()), path
    facts = tomllib.loads((source / "pyproject.toml").read_text())["project"]["entry-points"]
    places = [value.partition(":") for rows in facts.values() for value in rows.values()]
    code = "; ".join(f"import {module}" + (f"; {module}.{name}" if name else "") for module, _, name in places)
    done = run(source, "-c", code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in TO_BE_WRITTEN])
def test_the_tests_of_a_new_plugin_pass(kind: str, tmp_path: Path) -> None:
    done = run(made(kind, tmp_path), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", TO_BE_WRITTEN)
def test_new_adapter_has_every_method_and_its_contract_names_what_is_missing(kind: str, tmp_path: Path) -> None:
    done = run(made(kind, tmp_path), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", "-k", "it_is_ready")
    assert "prepare is not written yet" in done.stdout, done.stdout + done.stderr
    assert "Can't instantiate" not in done.stdout


@pytest.mark.parametrize("kind", TO_BE_WRITTEN)
def test_a_new_adapter_imports_every_type_that_its_methods_name(kind: str, tmp_path: Path) -> None:
    name = "MyTool" + kind.capitalize()
    code = (
        f"import typing, inspect; from dokkupy_my_tool.{kind} import {name} as adapter\n"
        "for method in vars(adapter).values():\n"
        "    if inspect.isfunction(method): typing.get_type_hints(method)\n"
    )
    done = run(made(kind, tmp_path), "-c", code)
    assert done.returncode == 0, done.stderr
