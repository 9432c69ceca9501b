"""Routing: which names and ports reach which instances."""

from __future__ import annotations

from collections.abc import Mapping

from dokkupy.model.names import AppName, Domain
from dokkupy.model.ports import Port
from dokkupy.model.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Upstream:
    """A destination for requests. address: IPv4. port: TCP."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate chain and its key: absolute paths on the host, readable by the proxy."""

    chain: str
    key: str


@dataclass(frozen=True, slots=True)
class Route:
    """All that a proxy must know about one app.

    domains: empty for an app without a virtual host, which serves every name on the app's own port. ports: the effective
    port map. certificates: by domain; a domain without one is served without TLS. certificate: for an app without
    domains, and for an adapter that can use only one; without `certificates`, it is for all domains. upstreams: container
    port -> the instances that serve it; empty if nothing runs (the answer is 502). unavailable: why nothing runs, if
    known: `not-deployed`, `stopped`, `disabled` (the proxy, for this app), `crashed` or `no-web`. settings: properties of
    the proxy plugin from the release (the path of the app's template), which override the current ones. template: the
    app's own template from its release, untrusted. extra: facts from the hook `proxy_config`, in name order of the
    plugins. files: the release's files (`Release.files`), among which an adapter finds its own template if `template` is
    None.
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
    """A name and port of a route where a client's request reaches no instance. domain: None for an app without domains.
    reason: what the client gets instead."""

    domain: Domain | None
    port: Port
    reason: str

    @property
    def url(self) -> str:
        suffix = "" if self.port.leads_to_the_domain else f":{self.port.host}"
        return f"{self.port.scheme}://{self.domain or '*'}{suffix}"


@dataclass(frozen=True, slots=True)
class ProxyFact:
    """Something that a plugin adds to an app's route. Core passes these on; the SDK has their kinds
    (`dokkupy_sdk.proxy_facts`)."""
