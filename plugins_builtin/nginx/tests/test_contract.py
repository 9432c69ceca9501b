"""nginx keeps the promises of the roles Proxy, AccessLog, ChallengeServer and TlsProbe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_nginx.challenge_server import NginxChallengeServer
from dokkupy_nginx.server.access_log import NginxAccessLog
from dokkupy_nginx.tls_probe import NginxTlsProbe
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.model import Route
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.roles import AccessLog, ChallengeServer, Proxy, TlsProbe
from dokkupy_sdk.testing.contracts import (
    AccessLogContract,
    ChallengeServerContract,
    ProxyContract,
    TlsProbeContract,
)
from dokkupy_sdk.testing.contracts.proxy_fixtures import ProxyFixtures
from dokkupy_sdk.testing.ports import free_port

from plugins_builtin.nginx.tests.conftest import Rig


class NginxFixtures(ProxyFixtures):
    @pytest.fixture
    def proxy(self, rig: Rig, public: Path) -> Proxy:
        rig.layout.system = f"{public}/system"  # where nginx's workers may read
        Path(rig.layout.users).mkdir(parents=True)  # as setup makes it
        return rig.proxy

    @pytest.fixture
    def ports(self, rig: Rig) -> tuple[int, int]:
        return rig.http, rig.tls

    @pytest.fixture
    def direct_ports(self) -> tuple[int, int]:
        return free_port(), free_port()

    @pytest.fixture
    def public(self, public: Path) -> Path:
        return public


class TestNginx(NginxFixtures, ProxyContract):
    @pytest.fixture
    def bad(self, route: Route) -> Route:
        broken = "server { there is no such directive; }"
        return replace(route, app=AppName("bad"), domains=(Domain("bad.example.org"),), template=broken)


class TestAccessLog(NginxFixtures, AccessLogContract):
    @pytest.fixture
    def log(self, rig: Rig) -> AccessLog:
        return NginxAccessLog(rig.host, rig.layout)


class TestChallengeServer(NginxFixtures, ChallengeServerContract):
    @pytest.fixture
    def server(self, rig: Rig, public: Path) -> ChallengeServer:
        rig.layout.system = str(public)
        Path(rig.layout.challenges).mkdir(parents=True)
        return NginxChallengeServer(rig.host, rig.layout)

    def test_a_host_that_is_not_set_up_has_none_and_says_what_to_do(self, rig: Rig) -> None:
        with pytest.raises(HostError, match="is missing") as caught:
            NginxChallengeServer(rig.host, rig.layout).directory()
        assert "dokkupy setup" in caught.value.hint


class TestTlsProbe(NginxFixtures, TlsProbeContract):
    @pytest.fixture
    def probe(self, rig: Rig) -> TlsProbe:
        return NginxTlsProbe(rig.host)
