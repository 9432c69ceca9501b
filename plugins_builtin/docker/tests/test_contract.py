"""The engine and docker-local pass the contracts of their roles."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from dokkupy_docker.instances.states import LocalStates
from dokkupy_sdk import Host
from dokkupy_sdk.model import RegistryLogin, Release
from dokkupy_sdk.roles import Engine
from dokkupy_sdk.states import InstanceStates
from dokkupy_sdk.testing.contracts import (
    EngineContract,
    ImageBuildsContract,
    ImageRegistriesContract,
    InstancesContract,
    InstanceStatesContract,
    OneOffsContract,
    SchedulerContract,
    SurroundingsContract,
)


class TestDockerEngine(EngineContract):
    @pytest.fixture
    def engine(self, host: Host) -> Engine:
        return host.engine()

    @pytest.fixture
    def image(self, image: str) -> str:
        return image


class TestDockerRegistries(ImageRegistriesContract):
    engine, image = TestDockerEngine.engine, TestDockerEngine.image

    @pytest.fixture
    def login(self, registry: RegistryLogin) -> RegistryLogin:
        return registry


class TestDockerBuilds(ImageBuildsContract):
    engine, image = TestDockerEngine.engine, TestDockerEngine.image

    @pytest.fixture
    def archive(self, image: str, tmp_path: Path) -> tuple[str, str]:
        path = tmp_path / "image.tar"
        subprocess.run(["docker", "save", "-o", str(path), image], check=True, capture_output=True)
        return str(path), image


class TestDockerLocal(
    SchedulerContract, InstancesContract, InstanceStatesContract, SurroundingsContract, OneOffsContract
):
    @pytest.fixture
    def light(self, host: Host) -> InstanceStates:
        return LocalStates(host)

    @pytest.fixture
    def host(self, host: Host) -> Host:
        return host

    @pytest.fixture
    def release(self, release: Release) -> Release:
        return release
