"""The nginx adapter keeps the promises of the role Proxy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_sdk.model import Route
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.roles import Proxy
from dokkupy_sdk.testing.contracts import ProxyContract

from plugins_builtin.nginx.tests.conftest import Rig


class TestNginx(ProxyContract):
    @pytest.fixture
    def proxy(self, rig: Rig) -> Proxy:
        return rig.proxy

    @pytest.fixture
    def ports(self, rig: Rig) -> tuple[int, int]:
        return rig.http, rig.tls

    @pytest.fixture
    def public(self, public: Path) -> Path:
        return public

    @pytest.fixture
    def bad(self, route: Route) -> Route:
        broken = "server { there is no such directive; }"
        return replace(route, app=AppName("bad"), domains=(Domain("bad.example.org"),), template=broken)
