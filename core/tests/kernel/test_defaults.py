"""Which adapter an app gets that has chosen none."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.errors import HostError
from dokkupy.host import Host
from dokkupy.kernel.discovery import EntryPoint
from dokkupy.kernel.registry import Registry


def entry(group: str, name: str, module: str) -> EntryPoint:
    return EntryPoint(f"dokkupy.{group}", name, f"{module}:Adapter", f"dokkupy-{module}", "1", "")


def host(root: Path, *entries: EntryPoint) -> Host:
    return Host(str(root), registry=Registry(list(entries)))


ALPHA, BETA = entry("proxy", "alpha", "alpha"), entry("proxy", "beta", "beta")


def test_the_only_one_installed_is_the_default(tmp_path: Path) -> None:
    assert host(tmp_path, BETA).default_adapter("proxy") == "beta"


def test_a_distribution_names_the_default_among_several(tmp_path: Path) -> None:
    assert host(tmp_path, ALPHA, BETA).default_adapter("proxy") == "alpha"
    assert host(tmp_path, ALPHA, BETA, entry("defaults", "proxy", "beta")).default_adapter("proxy") == "beta"


def test_a_default_that_is_not_installed_is_passed_over(tmp_path: Path) -> None:
    assert host(tmp_path, ALPHA, entry("defaults", "proxy", "gone")).default_adapter("proxy") == "alpha"


def test_the_setting_comes_before_what_a_distribution_names(tmp_path: Path) -> None:
    made = host(tmp_path, ALPHA, BETA, entry("defaults", "proxy", "beta"))
    made.store.write("global", "roles", data={"adapters": {"proxy": "alpha"}})
    assert made.default_adapter("proxy") == "alpha"


def test_a_role_without_an_adapter_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="No plugin offers a proxy"):
        host(tmp_path).default_adapter("proxy")
