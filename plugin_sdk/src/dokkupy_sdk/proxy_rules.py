"""Merges the facts of a route into one set of rules, for adapters of the role Proxy. Contradictions are an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from dokkupy.errors import Conflict, UserError

from dokkupy_sdk.proxy_facts import (
    AccessRule,
    BasicAuth,
    BodySizeLimit,
    DomainRedirect,
    Location,
    ProxyFact,
    RateLimit,
    Redirect,
    ResponseHeader,
)
from dokkupy_sdk.values import dataclass, field, replace

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ProxyRules:
    """The merged facts of one route. headers: by name. redirects: by path. domain_redirects: by domain. body_size: bytes;
    0 if no fact limits it."""

    headers: Mapping[str, str] = field(default_factory=dict)
    locations: tuple[Location, ...] = ()
    redirects: Mapping[str, Redirect] = field(default_factory=dict)
    domain_redirects: Mapping[str, DomainRedirect] = field(default_factory=dict)
    auth: BasicAuth | None = None
    access: AccessRule | None = None
    rate: RateLimit | None = None
    body_size: int = 0

    @property
    def whole_site(self) -> Redirect | None:
        """The redirect of the whole app, if there is one."""
        found = self.redirects.get("/")
        return None if found is None or found.exact else found


def merge_facts(facts: Iterable[ProxyFact]) -> ProxyRules:
    """Merge the facts of a route. Raises Conflict if two of them contradict each other, and UserError for an unknown
    kind."""
    headers: dict[str, str] = {}
    redirects: dict[str, Redirect] = {}
    domains: dict[str, DomainRedirect] = {}
    locations: list[Location] = []
    rules = ProxyRules()
    for fact in facts:
        match fact:
            case ResponseHeader():
                unite(headers, fact.name, fact.value, "response header")
            case Location():
                locations.append(fact)
            case Redirect():
                unite(redirects, fact.path, fact, "redirect of")
            case DomainRedirect():
                unite(domains, fact.domain, fact, "redirect of")
            case BasicAuth():
                rules = replace(rules, auth=the_same(rules.auth, fact, "password"))
            case RateLimit():
                rules = replace(rules, rate=the_same(rules.rate, fact, "rate limit"))
            case AccessRule():
                rules = replace(rules, access=both(rules.access, fact))
            case BodySizeLimit():
                rules = replace(rules, body_size=min(fact.size, rules.body_size or fact.size))
            case _:
                raise UserError(f"{type(fact).__name__} is not a fact that this proxy can apply")
    return replace(rules, headers=headers, locations=tuple(locations), redirects=redirects, domain_redirects=domains)


DISABLE = "Disable one of the two plugins: dokkupy plugin:disable NAME"


def unite(found: dict[str, Value], key: str, value: Value, what: str) -> None:
    if found.setdefault(key, value) != value:
        raise Conflict(f"Two plugins set different values for the {what} {key}", hint=DISABLE)


def the_same(before: Value | None, fact: Value, what: str) -> Value:
    if before not in (None, fact):
        raise Conflict(f"Two plugins set different values for the {what}", hint=DISABLE)
    return fact


def both(before: AccessRule | None, fact: AccessRule) -> AccessRule:
    """Merge two access rules: addresses that either denies are denied. Two different `allow` lists are a conflict."""
    if before is None:
        return fact
    if before.allow and fact.allow and {*before.allow} != {*fact.allow}:
        raise Conflict("Two plugins set different lists of allowed addresses", hint=DISABLE)
    return AccessRule(before.allow or fact.allow, tuple(dict.fromkeys((*before.deny, *fact.deny))))
