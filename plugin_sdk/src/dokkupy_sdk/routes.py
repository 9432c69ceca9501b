"""Where an app answers: its domains and certificate, as the state and the plugins say."""

from __future__ import annotations

from dokkupy import hookspecs
from dokkupy.kernel.host import Host
from dokkupy.model.names import AppName
from dokkupy.usecases.routes import domains_of, web_port


def has_certificate(host: Host, app: AppName) -> bool:
    """Whether some plugin serves a certificate for the app's names."""
    return host.hooks.ask(hookspecs.resolve_certificate, host=host, app=app) is not None


__all__ = ["domains_of", "has_certificate", "web_port"]
