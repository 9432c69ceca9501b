"""Fakes of the roles ChallengeServer and TlsProbe."""

from __future__ import annotations

import hashlib
import os
import ssl
from pathlib import Path

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.testing.fakes import FakeProxy
from dokkupy_sdk.tls import ChallengeServer, TlsProbe


class FakeChallengeServer(ChallengeServer):
    def __init__(self, host: Host) -> None:
        self.host = host

    def directory(self) -> str:
        path = self.host.path("challenges")
        os.makedirs(path, exist_ok=True)
        return path


class FakeTlsProbe(TlsProbe):
    """Says what the fake proxy's routes say. serves: by name, the certificate that clients get instead."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.serves: dict[str, str] = {}

    def served(self, app: AppName, domain: Domain, port: int) -> str:
        if domain in self.serves:
            return self.serves[domain]
        proxy = self.host.proxy(app)
        assert isinstance(proxy, FakeProxy)
        route = proxy.routes.get(app)
        certificate = route.certificate_of(domain) if route else None
        if (
            route is None
            or certificate is None
            or port not in {one.host for one in route.ports if one.scheme == "https"}
        ):
            return ""
        leaf = Path(certificate.chain).read_text().partition("-----END CERTIFICATE-----")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert("".join(leaf[:2]))).hexdigest()
