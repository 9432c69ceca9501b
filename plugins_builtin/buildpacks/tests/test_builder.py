"""The Dockerfile, the images that it stands on, and what may not be in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_buildpacks.builder import BuildpacksBuilder
from dokkupy_buildpacks.herokuish import HEROKUISH
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Source
from dokkupy_sdk.operation import operation

from plugins_builtin.buildpacks.tests.conftest import APP, Bench
from plugins_builtin.buildpacks.tests.sources import FLASK


def test_failed_build_leaves_no_file(bench: Bench) -> None:
    bench.write(FLASK)
    bench.build()
    bench.engine.fails = AppError("App build failed")
    with pytest.raises(AppError):
        bench.build({"A": "1"})
    assert [one for one in Path(bench.host.path("tmp")).glob("*/*")] == []


def test_an_app_that_may_not_be_built_by_the_buildpacks_is_not(bench: Bench) -> None:
    bench.write(FLASK)
    source = Source(APP, bench.root, "git-hook")
    assert BuildpacksBuilder(bench.host).detect(source) > 0
    with operation(bench.host, "builder-herokuish:set", f"app:{APP}") as tx:
        HEROKUISH.set(tx, APP, "allowed", "false")
    assert BuildpacksBuilder(bench.host).detect(source) == 0
    with pytest.raises(AppError, match="are not allowed to build"):
        bench.build()
