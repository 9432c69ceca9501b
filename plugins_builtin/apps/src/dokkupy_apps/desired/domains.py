"""The domains of apps. A domain belongs to one app. Only an admin may add a name that also matches the names of other
apps."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.access import allowed, is_admin, shown_app
from dokkupy_sdk.errors import Conflict, Denied
from dokkupy_sdk.many import over_each
from dokkupy_sdk.names import AppName, Domain, GlobalDomain, is_address
from dokkupy_sdk.state import DomainsFile, GlobalDomainsFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dokkupy_sdk.operation import Transaction


def listed_domains(host: Host, app: AppName, below: tuple[GlobalDomain, ...] | None = None) -> tuple[Domain, ...]:
    """The app's domains as they were given: its own list, or else `<app>.<global domain>` for each global domain. Empty
    if domains are disabled.

    below: the global domains, if the caller has already read them."""
    record = host.store.load(DomainsFile, app)
    if not record.enabled:
        return ()
    return record.vhosts if record.vhosts is not None else default_domains(host, app, below)


def domains_of(host: Host, app: AppName, below: tuple[GlobalDomain, ...] | None = None) -> tuple[Domain, ...]:
    """The names to which the app answers. `.example.com` stands for `example.com` and every name below it."""
    return expanded(listed_domains(host, app, below))


def expanded(listed: Iterable[Domain]) -> tuple[Domain, ...]:
    if not any(name.startswith(".") for name in listed):
        return tuple(dict.fromkeys(listed))
    names: list[str] = []
    for name in listed:
        names += [name[1:], f"*{name}"] if name.startswith(".") else [name]
    return tuple(Domain(name) for name in dict.fromkeys(names))


def default_domains(host: Host, app: AppName, below: tuple[GlobalDomain, ...] | None = None) -> tuple[Domain, ...]:
    if "." in app:
        return (Domain(app),)
    below = global_domains(host) if below is None else below
    return tuple(Domain(f"{app}.{name}") for name in below if not name.is_address)


def global_domains(host: Host) -> tuple[GlobalDomain, ...]:
    return host.store.load(GlobalDomainsFile).vhosts


def require_domains(host: Host, app: AppName, names: Iterable[Domain]) -> None:
    """Raises Conflict for a name of another app, deployed or not. Raises Denied for a name that only an admin may
    add: `_`, a name or an address of the host, a global domain, a wildcard that matches one, the default domain of
    another app that does not use it now or does not exist yet, names below that, and a name that matches the same
    requests as one of an app that is not the caller's: with either of them a wildcard, the proxy would give one app the
    other's requests."""
    below = global_domains(host)  # read once, because there may be hundreds of apps
    others, _ = over_each(
        (other for other in host.store.apps() if other != app),
        lambda other: (domains_of(host, other, below), default_domains(host, other, below)),
    )
    admin, own = is_admin(host), domains_of(host, app, below)
    for name in names:
        for other, (used, defaults) in others:
            if {name, name.removeprefix(".")} & {*used} or name in defaults and not admin:
                remove = f", or remove this one first: dokkupy domains:remove {other} {name}"
                raise Conflict(
                    f"{name} is a domain of {shown_app(host, other)}",
                    hint=f"Choose another domain{remove if allowed(host, 'app:write', other) else ''}",
                    code="domain_taken",
                )
        if not admin and (below_one := next((d for _, (_, ds) in others for d in ds if name.endswith(f".{d}")), None)):
            raise Denied(
                f"The domain {name} is below {below_one}, the domain of another app, so only an admin may add it",
                hint=f"Ask an admin for: dokkupy domains:add {app} '{name}'",
            )
        if not admin and (reserved := name_of_future_app(app, name, below)) and name not in own:
            raise Denied(
                f"The domain {name} is kept for an app with the name {reserved}, so only an admin may add it",
                hint=f"Ask an admin for: dokkupy domains:add {app} '{name}'",
            )
        if not admin and is_shared(host, name, others):
            raise Denied(
                f"The domain {name} matches names that a domain of another app matches, so only an admin may add it",
                hint=f"Ask an admin for: dokkupy domains:add {app} '{name}'",
            )
        if not admin and (catches := caught(host, name)):
            raise Denied(
                f"The domain {name} would also match {catches}, so only an admin may add it",
                hint=f"Ask an admin for: dokkupy domains:add {app} '{name}'",
            )


def add_domains(tx: Transaction, app: AppName, names: Iterable[Domain]) -> list[str]:
    """Add names to the app's own or default ones, and return all of them. Raises like `require_domains`."""
    names = tuple(names)
    require_domains(tx.host, app, names)
    record = tx.host.store.load(DomainsFile, app)
    before = record.vhosts if record.vhosts is not None else default_domains(tx.host, app)
    after = tuple(dict.fromkeys([*before, *names]))
    tx.save(record.replace(vhosts=after, enabled=True), app)
    return [str(name) for name in after]


def name_of_future_app(app: AppName, name: Domain, below: Iterable[GlobalDomain]) -> str:
    """The name of the app that would have this domain, or one above it, by default; empty for the app itself. Pure."""
    for one in below:
        head = str(name).removesuffix(f".{one}")
        first = head.rpartition(".")[2]
        if head != name and head != app and not head.endswith(f".{app}") and AppName.fits(first):
            return first
    return ""


def is_shared(
    host: Host, name: Domain, others: Iterable[tuple[AppName, tuple[tuple[Domain, ...], tuple[Domain, ...]]]]
) -> bool:
    """Whether a request can match both this name and one of an app that is not the caller's."""
    return any(
        overlap(own, one) and not allowed(host, "app:write", other)
        for own in expanded((name,))
        for other, (used, defaults) in others
        for one in (*used, *defaults)
    )


def overlap(one: Domain, other: Domain) -> bool:
    """Whether a request can match two different names. `*.example.com` matches every name below `example.com`."""
    below, inner = one.removeprefix("*"), other.removeprefix("*")
    return (one != below and inner.endswith(below)) or (other != inner and below.endswith(inner))


def caught(host: Host, name: Domain) -> str:
    """What a name would match besides the app itself; empty for nothing."""
    if name == "_":
        return "every name that no app has"
    if name == "localhost" or is_address(name) or name == os.uname().nodename.lower():
        return "requests for the host itself"
    below = name.removeprefix("*").removeprefix(".")
    is_wildcard = below != name
    if is_wildcard and "." not in below:
        return f"every name below .{below}"
    for one in global_domains(host):
        if str(name) == str(one):
            return f"the global domain {one} itself"
        if is_wildcard and f".{one}".endswith(f".{below}"):
            return f"the names below the global domain {one}"
    return ""
