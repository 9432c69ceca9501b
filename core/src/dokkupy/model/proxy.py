"""Routing: which names and ports reach which instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dokkupy.model.names import AppName, Domain
from dokkupy.model.ports import Port


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a request can go. address: IPv4; port: TCP."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of a certificate chain and its key on the host, absolute paths, readable by the proxy."""

    chain: str
    key: str


@dataclass(frozen=True, slots=True)
class Route:
    """All that a proxy must know of one app.

    domains: empty means no virtual host: every name on the app's own port. ports: the effective port map.
    certificates: per domain; a domain that is not among them is served without TLS. certificate: of an app without
    domains, and where only one can be used; alone, it is for all domains.
    upstreams: container port -> where it is served; empty when nothing runs (answer 502). unavailable: why nothing runs,
    where that is known: `not-deployed`, `stopped`, `disabled` (the proxy, for this app), `crashed` or `no-web`. settings: properties
    of the proxy plugin that the release was built with (the path of the app's template), over those of the state. template: text of the app's own template from its release, untrusted. extra: facts
    that plugins contributed by the hook `proxy_config`, in name order of the plugins. files: the release's files
    (`Release.files`), in which an adapter finds its own template when `template` is None.
    """

    app: AppName
    domains: tuple[Domain, ...] = ()
    ports: tuple[Port, ...] = ()
    upstreams: Mapping[int, tuple[Upstream, ...]] = field(default_factory=dict)
    certificate: Certificate | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    template: str | None = None
    extra: tuple[ProxyFact, ...] = ()
    listeners: Mapping[str, tuple[Upstream, ...]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    certificates: Mapping[Domain, Certificate] = field(default_factory=dict)
    unavailable: str = ""

    @property
    def is_secure(self) -> bool:
        return self.certificate is not None or bool(self.certificates)

    def certificate_of(self, domain: str) -> Certificate | None:
        return self.certificates.get(Domain(domain)) if self.certificates else self.certificate


@dataclass(frozen=True, slots=True)
class Unserved:
    """A name and port of a route at which a client's request reaches no instance. domain: None for an app without
    names. reason: what the client gets instead."""

    domain: Domain | None
    port: Port
    reason: str

    @property
    def url(self) -> str:
        suffix = "" if self.port.leads_to_the_domain else f":{self.port.host}"
        return f"{self.port.scheme}://{self.domain or '*'}{suffix}"


@dataclass(frozen=True, slots=True)
class ProxyFact:
    """Something a plugin adds to an app's route. The kinds are the SDK's (`dokkupy_sdk.proxy_facts`): core hands them on."""
