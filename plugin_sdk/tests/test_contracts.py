"""The fakes keep the promises of the adapters that they stand for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Build, Port, RegistryLogin, Release, Source, Upstream
from dokkupy_sdk.names import AppName, EnvKey, ProcessType, Secret
from dokkupy_sdk.roles import AccessLog, Builder, ChallengeServer, Engine, ImageBuild, Proxy, SourceStore, TlsProbe
from dokkupy_sdk.source_store import source_store
from dokkupy_sdk.states import InstanceStates
from dokkupy_sdk.testing import FakeAccessLog, fake_host
from dokkupy_sdk.testing.contracts import (
    AccessLogContract,
    BuilderContract,
    ChallengeServerContract,
    EngineContract,
    ImageBuildsContract,
    ImageRegistriesContract,
    InstancesContract,
    InstanceStatesContract,
    OneOffsContract,
    ProxyContract,
    SchedulerContract,
    SourceContract,
    SurroundingsContract,
    TlsProbeContract,
)
from dokkupy_sdk.testing.contracts.requests import answering
from dokkupy_sdk.testing.fakes import FakeBuilder, FakeProxy
from dokkupy_sdk.testing.front import Front
from dokkupy_sdk.testing.front_direct import DirectFront
from dokkupy_sdk.tls import challenge_server, tls_probe

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


class TestFakeRegistries(ImageRegistriesContract):
    engine, image = TestFakeEngine.engine, TestFakeEngine.image

    @pytest.fixture
    def login(self, host: Host) -> RegistryLogin:
        host.engine().accounts["registry.example.com"] = {"ann": "pass"}  # type: ignore[attr-defined]
        return RegistryLogin("registry.example.com", "ann", Secret("pass"))


class TestFakeBuilds(ImageBuildsContract):
    engine, image = TestFakeEngine.engine, TestFakeEngine.image

    @pytest.fixture
    def archive(self, tmp_path: Path) -> tuple[str, str]:
        path = tmp_path / "image.tar"
        path.write_text("an archive")
        return str(path), "some/image:1"

    @pytest.fixture
    def damaged(self, tmp_path: Path) -> tuple[str, str]:
        path = tmp_path / "damaged.tar"
        path.write_text("")
        return str(path), "some/image:1"

    @pytest.fixture
    def broken(self, engine: Engine, image: str, mark: str, tmp_path: Path) -> ImageBuild:
        engine.fails = AppError("The build failed", code="build_failed")  # type: ignore[attr-defined]
        return self.written(tmp_path / "broken", "FROM scratch", f"dokkupy-contract/{mark}:broken")


class FakeStates(InstanceStates):
    """What the fake scheduler knows, without asking it."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def of(self, app: AppName) -> Mapping[str, str]:
        found = self.host.containers().find_all({"dokkupy.app": app, "dokkupy.kind": "deploy"})
        return {one.id: one.state for one in found}


class TestFakeScheduler(
    SchedulerContract, InstancesContract, InstanceStatesContract, SurroundingsContract, OneOffsContract
):
    @pytest.fixture
    def host(self, host: Host) -> Host:
        host.scheduler().dead.add("dies")  # type: ignore[attr-defined]
        host.engine().exit_codes["false"] = 1  # type: ignore[attr-defined]
        return host

    @pytest.fixture
    def light(self, host: Host) -> InstanceStates:
        return FakeStates(host)

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
    """Clients reach the fake by a front, which knows nothing but the fake's routes."""

    adapter: type[FakeProxy] = FakeProxy

    @pytest.fixture
    def proxy(self, host: Host) -> Proxy:
        return self.adapter(host)

    @pytest.fixture
    def ports(self, proxy: FakeProxy) -> Iterator[tuple[int, int]]:  # type: ignore[override]
        with Front(proxy) as front:
            yield front.ports

    @pytest.fixture
    def direct_ports(self, proxy: FakeProxy) -> Iterator[tuple[int, int]]:  # type: ignore[override]
        with DirectFront(proxy) as front:
            yield front.ports

    @pytest.fixture
    def instance(self, proxy: FakeProxy) -> Iterator[Callable[[int], Upstream]]:  # type: ignore[override]
        with contextlib.ExitStack() as stack:

            def made(status: int) -> Upstream:
                upstream = stack.enter_context(answering(status))
                if not status:
                    proxy.closed.add(upstream.port)
                return upstream

            yield made


class TestFakeAccessLog(AccessLogContract):
    ports, instance, adapter = TestFakeProxy.ports, TestFakeProxy.instance, FakeProxy

    @pytest.fixture
    def proxy(self, host: Host) -> Proxy:
        return host.proxy()

    @pytest.fixture
    def log(self, host: Host) -> AccessLog:
        return FakeAccessLog(host)


class TestFakeChallengeServer(ChallengeServerContract):
    proxy, ports = TestFakeProxy.proxy, TestFakeProxy.ports
    adapter = FakeProxy

    @pytest.fixture
    def server(self, host: Host) -> ChallengeServer:
        return challenge_server(host)


class TestFakeTlsProbe(TlsProbeContract):
    ports = TestFakeProxy.ports

    @pytest.fixture
    def proxy(self, host: Host) -> Proxy:
        return host.proxy()

    @pytest.fixture
    def probe(self, host: Host) -> TlsProbe:
        return tls_probe(host)


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
        source_store(host).trees["blog"] = {"index.txt": "hello"}  # type: ignore[attr-defined]
        return source_store(host)
