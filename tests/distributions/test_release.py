"""A release has every wheel of one version, or it is refused."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import release
from tests import affected

IGNORED = shutil.ignore_patterns("tests", "__pycache__", ".*", "dist")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the source without tests, which the test may change."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("core", "plugin_sdk", "plugins_builtin", "examples"):
        shutil.copytree(release.ROOT / name, root / name, ignore=IGNORED)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(release.ROOT / name, root / name)
    yield root


def test_a_version_is_set_everywhere_and_all_wheels_have_it(checkout: Path, tmp_path: Path) -> None:
    release.set_version(checkout, "7.3.0")
    assert release.require_one_version(checkout) == "7.3.0"
    wheels = release.build(checkout, tmp_path / "7.3.0")
    release.check(wheels, "7.3.0")
    assert len(wheels) == len(release.distributions(checkout)) > 20
    needed = {name: requirements for name, _, requirements in map(release.metadata, wheels)}
    assert "dokkupy-core==7.3.0" in needed["dokkupy"] and "dokkupy-core==7.3.0" in needed["dokkupy-sdk"]
    assert [one for one in needed["dokkupy-redis"] if one.startswith("dokkupy-sdk")] == ["dokkupy-sdk<7.4,>=7.3"]
    release.sums(wheels, tmp_path / "7.3.0")
    assert len((tmp_path / "7.3.0" / "SHA256SUMS").read_text().splitlines()) == len(wheels)


def test_missing_wheel_or_wheel_of_another_version_is_refused(checkout: Path, tmp_path: Path) -> None:
    version = release.version_of(checkout)
    wheels = release.build(checkout, tmp_path / "wheels")
    without = [wheel for wheel in wheels if not wheel.name.startswith("dokkupy_services-")]
    with pytest.raises(release.Fault, match="needs dokkupy-services, which is not among the wheels"):
        release.check(without, version)
    with pytest.raises(release.Fault, match=f"says version {version}, not 9.9.9"):
        release.check(wheels, "9.9.9")
    assert all(zipfile.is_zipfile(wheel) for wheel in wheels)


def test_one_distribution_of_another_version_is_named(checkout: Path, tmp_path: Path) -> None:
    other = shutil.copytree(checkout, tmp_path / "other")
    path = other / "plugins_builtin/redis/pyproject.toml"
    path.write_text(path.read_text().replace('\nversion = "', '\nversion = "9'))
    with pytest.raises(release.Fault, match="plugins_builtin/redis has 9"):
        release.require_one_version(other)
    with pytest.raises(release.Fault, match="latest is no version"):
        release.set_version(other, "latest")


DEPENDS = {
    "core": set(),
    "plugin_sdk": {"core"},
    "plugins_builtin/certs": {"plugin_sdk"},
    "plugins_builtin/git": {"plugin_sdk"},
}
DEPENDS["plugins_builtin/letsencrypt"] = {"plugin_sdk", "plugins_builtin/certs"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "plugins_builtin/certs/src/dokkupy_certs/x509.py",
            ["plugins_builtin/certs/tests", "plugins_builtin/letsencrypt/tests"],
        ),
        ("plugins_builtin/certs/tests/test_certs.py", ["plugins_builtin/certs/tests"]),
        ("plugins_builtin/git/pyproject.toml", ["plugins_builtin/git/tests"]),
        ("tests/e2e/test_push.py", ["tests/e2e"]),
        ("docs/how-to/deploy.md", ["tests/docs"]),
        ("install.sh", []),
    ],
)
def test_a_change_runs_the_tests_of_what_it_touches_and_of_what_depends_on_it(path: str, expected: list[str]) -> None:
    assert affected.roots([path], DEPENDS) == ["tests/architecture", *expected]


def test_a_change_of_core_touches_every_distribution() -> None:
    depends = affected.declared(affected.ROOT)
    # the client for developers' machines requires no distribution of dokkupy
    assert affected.touched(["core/src/dokkupy/errors.py"], depends) == set(depends) - {"plugins_builtin/client"}
