"""Where an app answers: its domains and certificate, as the state and the plugins say."""

from __future__ import annotations

from dokkupy.kernel.host import Host
from dokkupy.model.names import AppName
from dokkupy.usecases.routes import add_domains, certificates_of, domains_of


def has_certificate(host: Host, app: AppName) -> bool:
    """Whether some plugin has a certificate for one of the app's names."""
    return bool(certificates_of(host, app))


__all__ = ["add_domains", "certificates_of", "domains_of", "has_certificate"]
