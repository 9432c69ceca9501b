"""Merges the facts of a route into one set of rules, for adapters of the role Proxy. Contradictions are an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from dokkupy.errors import Conflict, UserError

from dokkupy_sdk.proxy_facts import (
    PATH,
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


KINDS = frozenset({AccessRule, BasicAuth, BodySizeLimit, DomainRedirect, Location, RateLimit, Redirect, ResponseHeader})
"""The kinds of facts that every proxy applies. A proxy of your own may have more."""

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110, section 5.6.2."""


def require_applicable(fact: ProxyFact) -> None:
    """Raise UserError for a header or a location that no proxy can serve, and for what is not a fact. The other kinds are
    valid once they are made."""
    if not isinstance(fact, ProxyFact):
        raise UserError(f"{type(fact).__name__} is not a kind of fact (dokkupy_sdk.proxy_facts)")
    if isinstance(fact, ResponseHeader):
        if not HEADER_NAME.fullmatch(fact.name):
            raise UserError(f"{fact.name!r} is not the name of a header")
        if not all(one.isprintable() or one == "\t" for one in fact.value):
            raise UserError(f"the value of the header {fact.name} has a line break or another control character")
    elif isinstance(fact, Location):
        for what, path in (("path", fact.path), ("directory", fact.directory)):
            if not PATH.fullmatch(path) or ".." in path.split("/") or len(path) > 1024:
                raise UserError(f"the {what} {path!r} of a location is not a plain absolute path")
        if fact.status and not 400 <= fact.status <= 599:
            raise UserError(f"the status {fact.status} of a location is not 0 or an error (400 to 599)")


def merge_facts(facts: Iterable[ProxyFact]) -> ProxyRules:
    """Merge the facts of a route. Raises Contradiction if two of them contradict each other, and UserError for an unknown
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
    for location in locations:
        if location.path in redirects:
            raise Contradiction(f"path {location.path}")
    return replace(rules, headers=headers, locations=tuple(locations), redirects=redirects, domain_redirects=domains)


class Contradiction(Conflict):
    """Two facts of a route contradict each other. what: the part of the route, such as `rate limit`."""

    def __init__(self, what: str) -> None:
        hint = "Disable one of the plugins that set it: dokkupy plugin:disable NAME"
        super().__init__(f"Two plugins set different values for the {what}", hint=hint)
        self.what = what


def unite(found: dict[str, Value], key: str, value: Value, what: str) -> None:
    if found.setdefault(key, value) != value:
        raise Contradiction(f"{what} {key}")


def the_same(before: Value | None, fact: Value, what: str) -> Value:
    if before not in (None, fact):
        raise Contradiction(what)
    return fact


def both(before: AccessRule | None, fact: AccessRule) -> AccessRule:
    """Merge two access rules: addresses that either denies are denied. Two different `allow` lists are a conflict."""
    if before is None:
        return fact
    if before.allow and fact.allow and {*before.allow} != {*fact.allow}:
        raise Contradiction("allowed addresses")
    return AccessRule(before.allow or fact.allow, tuple(dict.fromkeys((*before.deny, *fact.deny))))
