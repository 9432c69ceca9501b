"""The Dockerfile builder keeps the promises of the role Builder."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dokkupy_dockerfile.builder import DockerfileBuilder
from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Build
from dokkupy_sdk.roles import Builder
from dokkupy_sdk.testing.contracts import BuilderContract, DetectingContract

from plugins_builtin.dockerfile.tests.conftest import Bench


class TestDockerfile(BuilderContract):
    @pytest.fixture
    def host(self, bench: Bench) -> Host:
        return bench.host

    @pytest.fixture
    def builder(self, host: Host) -> Builder:
        return DockerfileBuilder(host)

    @pytest.fixture
    def good(self, bench: Bench) -> Build:
        bench.write({"Dockerfile": "FROM scratch\n"})
        return bench.build()

    @pytest.fixture
    def broken(self, bench: Bench, good: Build) -> Build:
        bench.engine.fails = AppError("App build failed")
        return replace(good, tag=f"{good.tag}-broken")


class TestDetection(DetectingContract):
    @pytest.fixture
    def builder(self, bench: Bench) -> Builder:
        return DockerfileBuilder(bench.host)
