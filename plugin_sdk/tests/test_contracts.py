"""The fakes keep the promises of the adapters that they stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Build, Certificate, Port, Release, Route, Source, Upstream
from dokkupy_sdk.names import AppName, Domain, EnvKey, ProcessType, Secret
from dokkupy_sdk.roles import Builder, Engine, Proxy, SourceStore
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.contracts import (
    BuilderContract,
    EngineContract,
    ProxyContract,
    SchedulerContract,
    SourceContract,
)
from dokkupy_sdk.testing.fakes import FakeBuilder

IMAGE = "sha256:" + "a" * 64


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path / "state")
    host.engine().tags["some/image:1"] = IMAGE  # type: ignore[attr-defined]
    return host


class TestFakeEngine(EngineContract):
    @pytest.fixture
    def engine(self, host: Host) -> Engine:
        host.engine().exit_codes["false"] = 1  # type: ignore[attr-defined]
        host.engine().output["echo hello world"] = [b"hello world"]  # type: ignore[attr-defined]
        host.engine().lasting.add("sleep 600")  # type: ignore[attr-defined]
        host.engine().files["/bin/sh"] = b""  # type: ignore[attr-defined]
        return host.engine()

    @pytest.fixture
    def image(self) -> str:
        return "some/image:1"


class TestFakeScheduler(SchedulerContract):
    @pytest.fixture
    def host(self, host: Host) -> Host:
        host.scheduler().dead.add("dies")  # type: ignore[attr-defined]
        return host

    @pytest.fixture
    def release(self) -> Release:
        return Release(
            app=AppName("blog"),
            number=1,
            image=IMAGE,
            created_at="2026-01-01T00:00:00Z",
            source="test",
            env={EnvKey("COLOR"): Secret("blue")},
            detected=(Port("http", 80, 5000),),
            processes={ProcessType(name): name for name in ("web", "worker", "dies")},
        )


class TestFakeProxy(ProxyContract):
    @pytest.fixture
    def proxy(self, host: Host) -> Proxy:
        return host.proxy()

    @pytest.fixture
    def route(self) -> Route:
        return Route(
            AppName("blog"),
            (Domain("blog.example.org"),),
            (Port("http", 80, 5000),),
            {5000: (Upstream("10.0.0.2", 5000),)},
        )

    @pytest.fixture
    def secure(self, route: Route) -> Route:
        return replace(route, ports=(*route.ports, Port("https", 443, 5000)), certificate=Certificate("/chain", "/key"))

    @pytest.fixture
    def instance(self, proxy: Proxy) -> Callable[[int], Upstream]:  # type: ignore[override]
        def made(status: int) -> Upstream:
            if not status:
                proxy.closed.add(4999)  # type: ignore[attr-defined]
            return Upstream("10.0.0.2", 5000 if status else 4999)

        return made

    @pytest.fixture
    def bad(self, proxy: Proxy, route: Route) -> Route:
        proxy.refuses.add("bad")  # type: ignore[attr-defined]
        return Route(AppName("bad"), (Domain("bad.example.org"),), route.ports, route.upstreams)


class TestFakeBuilder(BuilderContract):
    @pytest.fixture
    def host(self, host: Host) -> Host:
        return host

    @pytest.fixture
    def builder(self, host: Host) -> Builder:
        return FakeBuilder(host)

    @pytest.fixture
    def good(self, tmp_path: Path) -> Build:
        source = tmp_path / "source"
        source.mkdir()
        (source / "Dockerfile").write_text("FROM scratch")
        return Build("b1", Source(AppName("blog"), source, "test"), "fake", tag="dokku/blog:b1", labels={"a": "b"})

    @pytest.fixture
    def broken(self, builder: Builder, good: Build) -> Build:
        builder.fails = AppError("The build failed")  # type: ignore[attr-defined]
        return good


class TestFakeSource(SourceContract):
    @pytest.fixture
    def sources(self, host: Host) -> SourceStore:
        host.sources().trees["blog"] = {"index.txt": "hello"}  # type: ignore[attr-defined]
        return host.sources()
