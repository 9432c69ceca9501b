"""The facts of plugins as lines of nginx's configuration.

Access rules, passwords and rate limits are in the locations and not in the server, where they would also apply to ACME
challenges, and where a location could not switch `limit_req` off.
"""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.proxy_facts import RateLimit
from dokkupy_sdk.proxy_rules import ProxyRules

from dokkupy_nginx.config.syntax import quoted
from dokkupy_nginx.settings import in_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk.names import AppName
    from dokkupy_sdk.proxy_facts import BasicAuth

ZONE_SIZE = "1m"
"""Enough for about 8,000 IPv4 clients at a time."""


def zone(app: AppName) -> str:
    return f"dokkupy-rate-{app}"


def rate_zone(app: AppName, rate: RateLimit | None) -> list[str]:
    if rate is None:
        return []
    per_second, rest = divmod(rate.requests, rate.seconds)
    text = f"{rate.requests * 60 // rate.seconds}r/m" if rest else f"{per_second}r/s"
    return [f"limit_req_zone $binary_remote_addr zone={zone(app)}:{ZONE_SIZE} rate={text};", ""]


def realm_variable(app: AppName) -> str:
    return f"$dokkupy_realm_{app.encode().hex()}"


def realm_by_address(app: AppName, auth: BasicAuth | None) -> list[str]:
    """The realm by the client's address: `off` is nginx's word for no password. `geo` takes a value as it stands."""
    if auth is None or not auth.exempt:
        return []
    realm = auth.realm.replace("\\", "\\\\")
    rows = [f'    default "{realm}";', *(f"    {one} off;" for one in auth.exempt)]
    return [f"geo {realm_variable(app)} {{", *rows, "}", ""]


def guards(app: AppName, rules: ProxyRules, users: str) -> list[str]:
    """The lines by which a location refuses requests. users: the file of names and passwords."""
    lines: list[str] = []
    if rules.rate is not None:
        burst = f" burst={rules.rate.burst}" if rules.rate.burst else ""
        lines += [f"limit_req zone={zone(app)}{burst} nodelay;", "limit_req_status 429;"]
    if rules.access is not None:
        lines += [f"deny {one};" for one in rules.access.deny]
        lines += [f"allow {one};" for one in rules.access.allow]
        lines += ["deny all;"] if rules.access.allow else []
    if rules.auth is not None:
        if not users:
            raise UserError(
                "the file for its passwords is missing",
                hint=f"Set a password again: dokkupy http-auth:add-user {app} USER",
            )
        realm = realm_variable(app) if rules.auth.exempt else quoted(rules.auth.realm)
        lines += [f"auth_basic {realm};", f"auth_basic_user_file {users};"]
    return [f"        {line}" for line in lines]


def redirects(rules: ProxyRules, *, everything: bool) -> list[str]:
    """The locations of redirects; that of the whole site comes last, if there shall be one."""
    lines: list[str] = []
    for path, fact in sorted(rules.redirects.items(), reverse=True):
        if fact is rules.whole_site and not everything:
            continue
        match = f"= {path}" if fact.exact else f"^~ {path.rstrip('/')}/" if path != "/" else "/"
        answer = f"return {fact.status} {quoted(fact.target)};"
        lines += [f"    location {match} {{", f"        {answer}", "    }"]
        if not fact.exact and path != "/" and not path.endswith("/"):
            lines += [f"    location = {path} {{", f"        {answer}", "    }"]
    return lines


def by_redirect(rules: ProxyRules, names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The names that the app answers for, with an empty text, and then those that are redirected, with the directive. They need
    a server of their own: nginx skips an `if` in `location /` when `limit_except` takes the request. A target is a scheme
    and a host, which form one nginx word."""
    found: dict[str, list[str]] = {"": []}
    for name in names:
        fact = rules.domain_redirects.get(name)
        found.setdefault(f"return {fact.status} {fact.target}$request_uri;" if fact else "", []).append(name)
    return list(found.items())


def body_size(rules: ProxyRules, own: str) -> str:
    """The smaller of the limits in the app's property and in the facts. `0` in the property means no limit."""
    limit = in_bytes(own)
    return own if not rules.body_size or 0 < limit <= rules.body_size else str(rules.body_size)


def with_first(lines: list[str], first: list[str]) -> list[str]:
    """Insert lines at the beginning of the location of everything."""
    at = next((number for number, line in enumerate(lines, 1) if line == "    location / {"), len(lines))
    return [*lines[:at], *first, *lines[at:]]
