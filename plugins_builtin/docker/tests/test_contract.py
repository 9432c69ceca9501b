"""The engine and docker-local pass the contracts of their roles."""

from __future__ import annotations

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.model import RegistryLogin, Release
from dokkupy_sdk.roles import Engine
from dokkupy_sdk.testing.contracts import (
    EngineContract,
    ImageRegistriesContract,
    InstancesContract,
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


class TestDockerLocal(SchedulerContract, InstancesContract, SurroundingsContract, OneOffsContract):
    @pytest.fixture
    def host(self, host: Host) -> Host:
        return host

    @pytest.fixture
    def release(self, release: Release) -> Release:
        return release
