"""The adapter: renders routes, and tests, switches, reloads and probes nginx's configuration."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError, HostError
from dokkupy_sdk.model import Readiness
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.ports import is_direct
from dokkupy_sdk.roles import Proxy
from dokkupy_sdk.values import replace

from dokkupy_nginx.config.claims import Conf, read_conf
from dokkupy_nginx.configuration import Configuration, Staged
from dokkupy_nginx.inspect.input_files import has_conf, has_error_page, sorted_confs, state_of
from dokkupy_nginx.inspect.sockets import require_own_address
from dokkupy_nginx.layout import PROBE_ADDRESS, Layout
from dokkupy_nginx.recovery.lost_tree import lost_routes, take_out_blindly
from dokkupy_nginx.render.app import render_app
from dokkupy_nginx.server.diagnose import Complaint, refused
from dokkupy_nginx.settings import SETTINGS
from dokkupy_nginx.template.find import JINJA, SIGIL, find_template, names_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk.model import Route, Unserved

    from dokkupy_nginx.render.values import Facts, Staples

MAX_REMOVALS = 20
"""The largest number of bad files of other apps that one `apply` sets aside before it fails."""


class NginxProxy(Configuration, Proxy):
    """The role Proxy by nginx. layout: the paths; tests pass their own."""

    schemes = (*Proxy.schemes, "tcp", "udp")

    def __init__(self, host: Host, layout: Layout | None = None) -> None:
        Configuration.__init__(self, host, layout or Layout(host.root))

    def prepare(self, scheme: str = "") -> Readiness:
        if not self.nginx.installed:
            return Readiness("not-installed", f"{self.layout.binary} is missing", "apt-get install nginx")
        if not os.path.exists(self.layout.include) or not os.path.islink(self.layout.link):
            return Readiness("misconfigured", f"{self.layout.include} is missing", "sudo dokkupy setup")
        if scheme in ("tcp", "udp"):
            from dokkupy_nginx.inspect.streams import readiness

            return readiness(self.layout, built_in=self.nginx.facts().stream)
        return Readiness()

    def apps(self) -> tuple[AppName, ...]:
        return tuple(self.trees.apps())

    def show(self, app: AppName) -> str:
        return self.trees.text(app)

    def claims(self, app: AppName) -> Conf:
        """The claims of the app's current file, without its text."""
        return read_conf(app, self.trees.text(app, head=True))

    def announce(self, app: AppName, names: Sequence[Domain], reason: str) -> None:
        from dokkupy_nginx.server.waiting import announce

        announce(self.layout, app, names, reason)

    def unserved(self, route: Route) -> tuple[Unserved, ...]:
        from dokkupy_sdk import reach

        return reach.unserved(route, SETTINGS.get(self.host.store, route.app, "bind-address-ipv4") or PROBE_ADDRESS)

    def validate(self, routes: Sequence[Route]) -> None:
        self._validate(routes, keep=False)

    def validate_ahead(self, routes: Sequence[Route]) -> None:
        if routes:
            self._validate(routes, keep=True)
        else:
            with self.lock():
                self.tested = None
                self.nginx.signals.end()
                self._sweep()

    def _validate(self, routes: Sequence[Route], *, keep: bool) -> None:
        with self.lock():
            self.tested = None
            try:
                staged = self._stage(self._render(routes), ())
                if staged is not None:
                    others = staged.others
                    self._require_accepted(staged, sets_aside=False)
                    if keep and staged.others is others:  # nobody's file was left out for the test
                        self.tested = staged
                        if self.layout.sudo:
                            self.nginx.signals.begin()
            finally:
                self._sweep()

    def _sweep(self) -> None:
        """Remove the trees that are neither in force nor about to be."""
        self.trees.sweep(*([self.tested.tree] if self.tested is not None else []))

    def apply(self, routes: Sequence[Route], *, remove: Sequence[AppName] = ()) -> None:
        """See the role. HostError with the code `proxy_down` means that nginx does not run. The files are switched
        nevertheless, so that nginx serves the new routes when it starts. They are also switched if apps are only removed
        and nginx refuses its configuration because of another site, which must not prevent their removal."""
        with self.lock():
            routes = [
                *routes,
                *lost_routes(self.host, self, self.trees, self.nginx, {*remove, *(route.app for route in routes)}),
            ]
            self._sweep()
            if not routes and not self.nginx.installed:
                take_out_blindly(self.trees, remove)
                return
            try:
                staged = self._stage(self._render(routes), remove)
                if staged is None:
                    self._require_served(routes)
                    return
                try:
                    if staged is not self.tested:
                        self._require_accepted(staged)
                    self._switch(staged)
                except HostError as untested:
                    if routes or untested.code == "proxy_down":
                        raise
                    self.trees.switch(staged.tree)
                    raise HostError(untested.message, hint=untested.hint, code="proxy_down") from untested
            finally:
                self.tested = None
                self.trees.sweep()
            for directory in (self.layout.ocsp, self.layout.users):
                if os.path.isdir(directory) and os.listdir(directory):
                    from dokkupy_nginx.render.stapling import sweep

                    sweep(self.layout, directory, map(self.trees.text, self.trees.apps()))
        self._update_quarantine(routes, remove)

    # rendering

    def _render(self, routes: Sequence[Route]) -> dict[AppName, Conf]:
        facts = self.facts() if routes else None
        return {route.app: self._render_one(route, facts) for route in routes if facts is not None}

    def _render_one(self, route: Route, facts: Facts) -> Conf:
        snippets = self.layout.snippets(route.app)
        pattern = os.path.join(snippets, "*.conf") if has_conf(snippets) else ""
        paths = [os.path.join(snippets, name) for name in sorted_confs(snippets)]
        inputs = [state_of(path) for path in paths]
        used = {route.certificate, *route.certificates.values()} - {None}
        inputs += [state_of(path) for one in sorted(used, key=str) if one for path in (one.chain, one.key)]
        route = replace(route, settings={**SETTINGS.all(self.host.store, route.app), **route.settings})
        if any(len(servers) > 1 for servers in route.upstreams.values()) and any(map(has_error_page, paths)):
            # Else `location /` has error pages of its own, and nginx lets it inherit none.
            route = replace(route, settings={**route.settings, "proxy-keepalive": "0"})
        for version in (4, 6):
            require_own_address(route.app, route.settings.get(f"bind-address-ipv{version}", ""), version)
        for port in (port for port in route.ports if is_direct(port)):
            ready = self.prepare(port.scheme)
            if not ready.ready:
                raise AppError(
                    f"App {route.app}: {port} cannot be served: {ready.reason}",
                    code="bad_proxy_input",
                    hint=ready.remedy,
                )
        own: Staples = {}
        if any(used) and route.settings.get("ssl-stapling") == "auto":
            from dokkupy_nginx.render.stapling import staples

            own = staples(self.layout, [one for one in used if one], paths)
        template = self._template(route)
        if template is not None:
            require_no_facts(route)
            from dokkupy_nginx.template.expand import render_custom

            return render_custom(route, facts, template, snippets=pattern, inputs=tuple(inputs), staples=own)
        return render_app(route, facts, snippets=pattern, inputs=tuple(inputs), staples=own, users=self._users(route))

    def _users(self, route: Route) -> str:
        for fact in route.extra:
            from dokkupy_sdk.proxy_facts import BasicAuth

            if isinstance(fact, BasicAuth):
                from dokkupy_nginx.render.password_file import write_users

                return write_users(self.layout, fact)
        return ""

    def _template(self, route: Route) -> str | None:
        """The app's own template, unless they are disabled. Warns about Dokku's Go templates, which are not supported.

        While no instance runs, dokkupy's own file answers 502, because nginx could not load a template that refers to
        upstreams.
        """
        if route.settings.get("disable-custom-config") == "true" or not any(route.upstreams.values()):
            return None
        if route.template is not None:
            return route.template
        found = find_template(route.files, names_for(route.settings.get("nginx-conf-sigil-path", SIGIL)))
        if found is not None and found[0].endswith(".sigil"):
            self.host.out.warn(
                f"App {route.app}: dokkupy does not use {found[0]}, because it is a Go template: write {JINJA} instead"
            )
            return None
        return found[1] if found is not None else None

    # testing and serving

    def _require_accepted(self, staged: Staged, *, sets_aside: bool = True) -> None:
        """Test the whole tree. A bad file of another app is set aside, so that it does not block this change.

        sets_aside: permanently; otherwise only for this test. Raises AppError if an app in this change is at fault, and
        HostError if no app is.
        """
        for _ in range(MAX_REMOVALS):
            complaint = self.refusal(staged.tree)
            if complaint is None:
                return
            complaint = complaint if complaint.app else self.attribute(complaint, staged)
            app = complaint.app
            if app is None or app not in {conf.app for conf in staged.others}:
                raise refused(complaint, app)
            if sets_aside:
                self._set_aside(app, complaint)
            staged.leave_out({app})
            self._build(staged)
        raise HostError(
            "nginx refuses the files of more than 20 apps", hint="Run: dokkupy nginx:validate-config --clean"
        )

    def _set_aside(self, app: AppName, complaint: Complaint) -> None:
        from dokkupy_nginx.recovery.quarantine import keep_aside

        keep_aside(self, app, complaint)

    def _require_served(self, routes: Sequence[Route]) -> None:
        """Verify that nginx serves the files, which are up to date: a process may have been killed before the reload.

        It is no error if nginx is down, because nothing changes.
        """
        master = self.nginx.pid()
        generation = self.trees.generation
        if not routes or master is None or self.nginx.generation(self._probe_address()) == generation:
            return
        self._reload(generation)

    # quarantine

    def _update_quarantine(self, routes: Sequence[Route], remove: Sequence[AppName]) -> None:
        if not os.path.isdir(self.layout.quarantine):
            return
        from dokkupy_nginx.recovery.quarantine import forget, retry

        for app in (*(route.app for route in routes), *remove):
            forget(self, app)
        retry(self)


def require_no_facts(route: Route) -> None:
    """Raise AppError if the app has its own template, in which a plugin's password or redirect would have no effect."""
    if route.extra:
        kinds = sorted({type(fact).__name__ for fact in route.extra})
        raise AppError(
            f"Plugins cannot add {', '.join(kinds)} to app {route.app}, because it has its own nginx template",
            code="bad_proxy_input",
            hint=f"Ignore the template: dokkupy nginx:set {route.app} disable-custom-config true",
        )
