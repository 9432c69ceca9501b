"""What the server before a FakeProxy makes of the facts about redirects, passwords, addresses and rates."""

from __future__ import annotations

import base64
import ipaddress
import time

from dokkupy_sdk.errors import AppError, UserError
from dokkupy_sdk.model import Route
from dokkupy_sdk.names import Secret
from dokkupy_sdk.proxy_facts import AccessRule, BasicAuth, RateLimit, hash_password
from dokkupy_sdk.proxy_rules import ProxyRules, merge_facts, require_applicable


def redirected(rules: ProxyRules, name: str, path: str, *, beside: str) -> tuple[int, str] | None:
    """Status and target of a request's redirect. beside: the path of the location that the request is in."""
    plain = path.partition("?")[0]
    domain = rules.domain_redirects.get(name)
    takes_rest = domain is None and beside in ("", "/")
    for fact in sorted(rules.redirects.values(), key=lambda one: (one.exact, len(one.path)), reverse=True):
        below = plain == fact.path or plain.startswith(fact.path.rstrip("/") + "/")
        if plain == fact.path if fact.exact else below and (fact.path != "/" or takes_rest):
            return fact.status, fact.target
    return (domain.status, domain.target + path) if domain is not None and beside in ("", "/") else None


class Refusals:
    """Which requests are refused, and with which status; 0 when none of the facts refuses it."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], tuple[float, float]] = {}

    def status(self, app: str, rules: ProxyRules, client: str, authorization: str) -> int:
        if rules.rate is not None and self.is_too_fast((app, client), rules.rate):
            return 429
        if rules.access is not None and is_denied(rules.access, client):
            return 403
        auth = rules.auth
        return 401 if auth is not None and not (is_exempt(auth, client) or is_known(auth, authorization)) else 0

    def is_too_fast(self, key: tuple[str, str], rate: RateLimit) -> bool:
        """A leaky bucket: it holds one request and the burst."""
        now = time.monotonic()
        level, at = self.seen.get(key, (0.0, now))
        level = max(0.0, level - (now - at) * rate.requests / rate.seconds)
        if level > rate.burst:
            return True
        self.seen[key] = level + 1, now
        return False


def is_denied(rule: AccessRule, client: str) -> bool:
    address = ipaddress.ip_address(client)
    denied = any(address in ipaddress.ip_network(one) for one in rule.deny)
    return denied or bool(rule.allow) and not any(address in ipaddress.ip_network(one) for one in rule.allow)


def is_exempt(auth: BasicAuth, client: str) -> bool:
    return any(ipaddress.ip_address(client) in ipaddress.ip_network(one) for one in auth.exempt)


def is_known(auth: BasicAuth, authorization: str) -> bool:
    name, _, given = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    kept = dict(auth.users).get(name)
    if kept is None or not auth.hashed:
        return kept is not None and kept.reveal() == given
    salt = base64.b64decode(kept.reveal().removeprefix("{SSHA}"))[20:]
    return hash_password(Secret(given), salt) == kept


def covers_everything(route: Route, name: str | None) -> bool:
    """Whether facts answer `/` without an instance."""
    rules = merge_facts(route.extra)
    everything = any(fact.path == "/" and not fact.exact for fact in rules.locations)
    return everything or rules.whole_site is not None or name in rules.domain_redirects


def require_facts(route: Route) -> None:
    """Raise AppError where a fact would mean something else in a proxy's configuration or in an answer."""
    try:
        for fact in route.extra:
            require_applicable(fact)
        merge_facts(route.extra)
    except UserError as error:
        raise AppError(f"App {route.app}: {error.message}") from error
