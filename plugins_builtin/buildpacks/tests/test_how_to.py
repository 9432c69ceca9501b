"""The how-to lists what the bases have: row by row what the languages declare."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_buildpacks.languages import go, headers, java, nodejs, php, python, ruby, rust
from dokkupy_sdk.buildpack import Toolchain

from plugins_builtin.buildpacks.tests.conftest import Bench

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "build-without-a-dockerfile.md"
TOOLCHAINS: dict[str, Toolchain] = {
    "Python": python.TOOLCHAIN,
    "Node.js": nodejs.TOOLCHAIN,
    "Ruby": ruby.TOOLCHAIN,
    "PHP": php.TOOLCHAIN,
    "Java": java.TOOLCHAIN,
    "Go": go.TOOLCHAIN,
    "Rust": rust.TOOLCHAIN,
}
COMMON = {*headers.HEADERS, *headers.LIBRARIES}


def cell(toolchain: Toolchain, kind: str) -> str:
    """The packages beside the common ones; `X` stands for what differs from suite to suite."""
    packages = toolchain.build_packages if kind == "build" else toolchain.run_packages
    by_suite = toolchain.suite_packages if kind == "build" else toolchain.suite_run_packages
    names = [name for name in packages if name not in COMMON]
    common = (
        [f"common {kind}"] if set(headers.HEADERS if kind == "build" else headers.LIBRARIES) <= set(packages) else []
    )
    return ", ".join([*common, *(f"`{name}`" for name in [*names, *by_suite.get("trixie", ())])]) or "nothing"


@pytest.mark.parametrize("language", TOOLCHAINS)
def test_page_lists_the_packages_of_each_base(language: str) -> None:
    toolchain = TOOLCHAINS[language]
    row = f"| {language} | {cell(toolchain, 'build')} | {cell(toolchain, 'run')} |"
    assert row in PAGE.read_text().splitlines(), row


def test_page_lists_what_the_bases_have_in_common() -> None:
    row = " | ".join(", ".join(f"`{name}`" for name in names) for names in (headers.HEADERS, headers.LIBRARIES))
    assert f"| common | {row} |" in PAGE.read_text().splitlines(), row


def test_aptfile_of_the_page_is_one(bench: Bench) -> None:
    """Its packages are there while building and while running."""
    text = PAGE.read_text().partition("```Aptfile\n")[2].partition("```")[0]
    assert text
    bench.write({"requirements.txt": "gunicorn", "app.py": "", "Aptfile": text})
    plan = bench.plan()
    assert set(plan.packages) == set(plan.build_packages) == {"libvips-dev", "poppler-utils"}
