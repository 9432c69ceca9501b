"""The hooks of ACME, which this plugin calls. They have the four shapes of core's own."""

from __future__ import annotations

from dokkupy_sdk import Host, hookspec
from dokkupy_sdk.names import AppName


@hookspec(firstresult=True)
def resolve_dns_challenge(host: Host, app: AppName, name: str, value: str, present: bool) -> bool | None:
    """A certificate authority wants to see a TXT record (ACME's DNS-01).

    name: `_acme-challenge.example.com`, where other records with other values may be at the same time. present: put it,
    and return when the authority can see it; else take it away. Return None for a domain that is not yours, True when
    it is done; raise HostError when it cannot be.
    """
