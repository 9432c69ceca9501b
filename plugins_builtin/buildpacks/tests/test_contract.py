"""The builder buildpacks keeps the promises of the role Builder."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dokkupy_buildpacks.builder import BuildpacksBuilder
from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Build
from dokkupy_sdk.roles import Builder
from dokkupy_sdk.testing.contracts import BuilderContract, DetectingContract

from plugins_builtin.buildpacks.tests.conftest import Bench


class TestBuildpacks(BuilderContract):
    @pytest.fixture
    def host(self, bench: Bench) -> Host:
        return bench.host

    @pytest.fixture
    def builder(self, host: Host) -> Builder:
        return BuildpacksBuilder(host)

    @pytest.fixture
    def good(self, bench: Bench) -> Build:
        bench.write({"index.html": "<p>hello</p>"})
        return bench.request()

    @pytest.fixture
    def broken(self, bench: Bench, good: Build) -> Build:
        bench.engine.fails = AppError("App build failed")
        return replace(good, tag=f"{good.tag}-broken")


class TestDetection(DetectingContract):
    @pytest.fixture
    def builder(self, bench: Bench) -> Builder:
        return BuildpacksBuilder(bench.host)
