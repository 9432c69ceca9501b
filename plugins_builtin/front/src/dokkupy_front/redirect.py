"""`redirect` and `redirect:*` (reference, section 6.4): requests for one domain of an app are sent to another."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host
from dokkupy_sdk.errors import NotFound, UserError
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.settings import Settings
from dokkupy_sdk.table import Column, listing, plain

from dokkupy_front.records import RedirectFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.proxy_facts import ProxyFact

REDIRECTS = (Column("SOURCE"), Column("DESTINATION", wraps=True))

group = Group("redirect", "Redirect one domain of an app to another", bare="")

App = Annotated[AppName, Arg("app")]


@group.command("", permission="app:read")
def show(host: Host, app: App) -> CommandResult:
    """List the redirects of an app."""
    found = host.store.load(RedirectFile, host.store.require_app(app)).domains
    cells = sorted(found.items())
    rows = [{"source": source, "destination": target} for source, target in cells]
    return listing(rows, REDIRECTS, cells, elsewhere=plain(REDIRECTS, cells), empty=f"{app} has no redirect")


@group.command("set", permission="app:write", mutating=True)
def set_redirect(
    host: Host,
    app: App,
    source: Annotated[Domain, Arg("source", "One of the app's domains")],
    destination: Annotated[Domain, Arg("destination", complete=())],
) -> None:
    """Answer requests for a domain of an app with a redirect to the same path on another domain.

    redirect:set blog old.example.com www.example.com
    """
    from dokkupy_apps.desired.domains import domains_of
    from dokkupy_apps.routing.traffic import rerouting

    host.store.require_app(app)
    if source not in domains_of(host, app):
        raise NotFound(f"{source} is not a domain of {app}", hint=f"Add it first: domains:add {app} {source}")
    if source == destination or "*" in source + destination or "_" in (source, destination):
        raise UserError(
            f"{source} cannot be redirected to {destination}",
            hint="Give two different domains, without wildcard and without `_`.",
        )
    with rerouting(host, "redirect:set", app) as tx:
        host.out.section(f"Setting redirect for {app}...")
        record = host.store.load(RedirectFile, app)
        require_no_circle(app, {**record.domains, str(source): str(destination)}, source)
        tx.save(record.replace(domains={**record.domains, str(source): str(destination)}), app)
    host.out.detail("done")


def require_no_circle(app: AppName, domains: dict[str, str], source: str) -> None:
    at = domains[source]
    for _ in domains:
        if at == source:
            raise UserError(
                f"{source} would be redirected to itself, because {domains[source]} is redirected to it",
                hint=f"Remove the other redirect first: redirect:unset {app} {domains[source]}",
            )
        at = domains.get(at, "")


@group.command("unset", permission="app:write", mutating=True)
def unset_redirect(
    host: Host, app: App, source: Annotated[str, Arg("source", complete="dokkupy_front.completers:redirected")]
) -> None:
    """Remove the redirect of a domain."""
    from dokkupy_apps.routing.traffic import rerouting

    host.store.require_app(app)
    if source not in host.store.load(RedirectFile, app).domains:
        raise NotFound(f"{source[:80]!r} is not redirected", hint=f"List the redirects: redirect {app}")
    with rerouting(host, "redirect:unset", app, takes_away=True) as tx:
        host.out.section(f"Unsetting redirect for {app}...")
        record = host.store.load(RedirectFile, app)
        left = {name: target for name, target in record.domains.items() if name != source}
        tx.save(record.replace(domains=left), app)
    host.out.detail("done")


def redirect_facts(host: Host, app: AppName) -> list[ProxyFact]:
    """A source that is no longer a domain of the app has no effect. The redirect uses HTTPS if the destination has a
    certificate."""
    from dokkupy_sdk.proxy_facts import DomainRedirect

    domains = host.store.load(RedirectFile, app).domains
    return [DomainRedirect(source, target_of(host, app, target)) for source, target in sorted(domains.items())]


def target_of(host: Host, app: AppName, domain: str) -> str:
    from dokkupy_sdk import hooks as hookspecs

    certificate = host.hooks.ask(hookspecs.resolve_certificate, host=host, app=app, domain=Domain(domain))
    return f"{'https' if certificate is not None else 'http'}://{domain}"


def report_extra(host: Host, app: AppName | None) -> dict[str, str]:
    if app is None:
        return {}
    found = host.store.load(RedirectFile, app).domains
    return {"domains": " ".join(f"{source}:{target}" for source, target in sorted(found.items()))}


add_property_commands(group, Settings("redirect"), extra=report_extra)
