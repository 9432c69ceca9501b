"""The role TlsProbe by nginx: a handshake with the address on which the app's server listens."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.roles import TlsProbe

from dokkupy_nginx.layout import PROBE_ADDRESS
from dokkupy_nginx.settings import SETTINGS


class NginxTlsProbe(TlsProbe):
    def __init__(self, host: Host) -> None:
        self.host = host

    def served(self, app: AppName, domain: Domain, port: int) -> str:
        from dokkupy_certs.certificates import handshake

        address = SETTINGS.get(self.host.store, app, "bind-address-ipv4") or PROBE_ADDRESS
        return handshake(address, port, domain)
