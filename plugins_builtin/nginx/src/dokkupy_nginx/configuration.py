"""nginx's whole configuration: a new tree is built beside the current one, tested, switched to, reloaded and probed."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.access import shown_app
from dokkupy_sdk.errors import AppError, DokkupyError, HostError
from dokkupy_sdk.failpoints import failpoint
from dokkupy_sdk.locks import Lock
from dokkupy_sdk.names import AppName
from dokkupy_sdk.values import replace

from dokkupy_nginx.config.claims import Claim, Conf, check_clashes, read_conf, used_defaults, used_quic
from dokkupy_nginx.inspect.host_config import HTTP_DIRECTIVES, survey
from dokkupy_nginx.inspect.sockets import held_for_udp, require_free_ports
from dokkupy_nginx.layout import PROBE_ADDRESS, Layout
from dokkupy_nginx.render.app import KINDS, addresses
from dokkupy_nginx.render.catch_all import render_default
from dokkupy_nginx.server.diagnose import Complaint, locate, read_complaint
from dokkupy_nginx.server.process import Nginx, not_running
from dokkupy_nginx.settings import SETTINGS
from dokkupy_nginx.tree.generations import Trees, is_tree, new_generation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dokkupy_nginx.render.values import Facts


class Configuration:
    """The configuration that nginx serves, and its replacement. layout: the paths."""

    def __init__(self, host: Host, layout: Layout) -> None:
        self.host = host
        self.layout = layout
        self.nginx = Nginx(layout)
        self.trees = Trees(layout)
        self.tested: Staged | None = None
        """The tree that `validate_ahead` tested: `apply` puts it in force when it would build the same one."""

    def ensure_tree(self) -> bool:
        """Create the tree without apps if there is no tree yet. Returns whether it was created."""
        with self.lock():
            if self.trees.is_whole or self.trees.adopt_newest(self.nginx):
                return False
            staged = Staged(new_generation(), {}, {}, [], set())
            self._build(staged)
            self.trees.switch(staged.tree)
            return True

    def served_generation(self) -> str:
        """The generation that the running nginx serves; empty if nginx is down or serves none of these trees."""
        return self.nginx.generation(self._probe_address())

    def reload(self) -> None:
        """Reload the running nginx, and verify that it has loaded the configuration."""
        with self.lock():
            self._reload(self.trees.generation)

    def lock(self) -> _Held:
        lock = self.host.lock(
            "proxy", wait=60.0, command=self.host.command or "nginx", what="The proxy's configuration"
        )
        for name in ("locks", "locks/proxy.lock"):  # setup and the start-up check run as root
            self.layout.hand_over(os.path.join(self.host.root, name))
        return _Held(lock)

    def facts(self) -> Facts:
        profile, most = (SETTINGS.get(self.host.store, None, name) for name in ("tls-profile", "requests-per-address"))
        return replace(self.nginx.facts(), tls_profile=profile, per_address=int(most))

    def _named(self, app: AppName) -> str:
        return shown_app(self.host, app)

    # building

    def _stage(self, confs: Mapping[AppName, Conf], remove: Sequence[AppName]) -> Staged | None:
        """Build the tree with these files; None if it would equal the current one."""
        live = self.trees.live
        texts = {app: conf.text for app, conf in confs.items() if conf.claims}
        gone = {*remove, *(app for app, conf in confs.items() if not conf.claims)}
        present = self.trees.apps(live)
        if live and all(self.trees.text(app, live) == text for app, text in texts.items()) and not gone & {*present}:
            return None
        if self.tested is not None and self.tested.fits(live, texts, gone):
            return self.tested
        others = [
            read_conf(app, self.trees.text(app, live, head=True))
            for app in present
            if app not in confs and app not in gone
        ]
        check_clashes([confs[app] for app in texts], others, self._named)
        staged = Staged(new_generation(), texts, {app: confs[app] for app in texts}, others, gone)
        staged.base = live
        if live:  # without a tree, the program that listens is nginx itself
            serving = [read_conf(app, self.trees.text(app, live, head=True)) for app in texts]
            require_free_ports(self.layout, staged.confs.values(), [*others, *serving])
        self._build(staged)
        return staged

    def _build(self, staged: Staged) -> None:
        facts = self.facts()
        foreign = survey(self.layout)
        base = [claim for claim in self._base_claims(facts) if claim.socket not in foreign.defaults]
        needed = used_defaults([*staged.others, *staged.confs.values()], base)
        default = render_default(
            staged.generation,
            [claim for claim in needed if claim.socket not in foreign.defaults],
            self._probe_claim(facts),
            facts,
            omit=[name for name in HTTP_DIRECTIVES if name in foreign.directives],
            certificate=self._own_certificate(facts),
            quic=used_quic([*staged.others, *staged.confs.values()]),
            foreign_quic=foreign.quic,
        )
        staged.tree = self.trees.stage(staged.generation, staged.texts, default, without=staged.gone)

    def _base_claims(self, facts: Facts) -> list[Claim]:
        """The sockets on which unknown names are refused even if no app listens: HTTP and HTTPS."""
        v4, v6 = (SETTINGS.get(self.host.store, None, f"bind-address-ipv{version}") for version in (4, 6))
        return [
            Claim(address, port, kind)
            for address in addresses(v4, v6, facts)
            for port, kind in ((self.layout.http_port, KINDS["http"]), (self.layout.tls_port, KINDS["https"]))
            if kind == KINDS["http"] or facts.reject_handshake or self._own_certificate(facts)
        ]

    def _probe_claim(self, facts: Facts) -> Claim:
        return self._base_claims(facts)[0]

    def _own_certificate(self, facts: Facts) -> tuple[str, str] | None:
        """A certificate for no name, which setup creates for nginx before 1.19.4, because it cannot refuse a handshake."""
        if facts.reject_handshake:
            return None
        pair = tuple(os.path.join(self.layout.base, "nobody", name) for name in ("server.crt", "server.key"))
        return (pair[0], pair[1]) if all(os.path.exists(path) for path in pair) else None

    # testing

    def attribute(self, complaint: Complaint, staged: Staged) -> Complaint:
        """Find the app at fault if nginx names a file that belongs to no app, because it reports some mistakes at the end
        of http {}. Bisects with log2(apps) tests."""
        apps = [*(conf.app for conf in staged.others), *staged.texts]  # of two that clash, a changed one is at fault
        if not self._accepts_only(staged, ()):
            return complaint
        good, bad = 0, len(apps)
        while bad - good > 1:
            middle = (good + bad) // 2
            if self._accepts_only(staged, apps[:middle]):
                good = middle
            else:
                bad = middle
        app = apps[bad - 1]
        return locate(complaint, app, staged.tree, staged.texts.get(app) or self.trees.text(app))

    def _accepts_only(self, staged: Staged, apps: Sequence[AppName]) -> bool:
        part = staged.copy()
        part.leave_out({*staged.texts, *(conf.app for conf in staged.others)} - {*apps})
        self._build(part)
        return self.refusal(part.tree) is None

    def refusal(self, tree: str) -> Complaint | None:
        """Why nginx would refuse this tree; None if it would accept it."""
        words = self.nginx.test(self.trees.point_check_at(tree))
        failpoint("nginx: tree tested")
        if not words:
            return None
        texts = {app: self.trees.text(app, tree) for app in self.trees.apps(tree)}
        return read_complaint(words, self.layout, tree, texts)

    # switching

    def _probe_address(self) -> str:
        return SETTINGS.get(self.host.store, None, "bind-address-ipv4") or PROBE_ADDRESS

    def _switch(self, staged: Staged) -> None:
        before = self.trees.live
        failpoint("nginx: before switch")
        try:
            self.trees.switch(staged.tree)
            failpoint("nginx: after switch")
            self._reload(staged.generation)
        except BaseException as error:
            down = isinstance(error, DokkupyError) and error.code == "proxy_down"
            if before and not down:
                if not isinstance(error, DokkupyError) or error.code != "proxy_refused":
                    # nginx may still be reloading, and a second reload would make it unclear which tree it serves.
                    self.nginx.await_generation(staged.generation, self._probe_address(), set(), timeout=1.0)
                self.trees.switch(before)
                self._reload_quietly(self.trees.generation)
                self._require_udp(staged)
            raise

    def _require_udp(self, staged: Staged) -> None:
        """Raise AppError if the failed reload was the first with HTTP/3 on a port that another program has.

        This is checked only after a failure, because nginx's old workers may have the port too, without a conflict."""
        known = {port for conf in self.live_as_staged().others for port in conf.quic_ports}
        for conf in staged.confs.values():
            for port in conf.quic_ports - known:
                if held_for_udp(port):
                    raise AppError(
                        f"App {conf.app}: HTTP/3 cannot be served: another program uses the UDP port {port}",
                        hint=f"Stop that program, or: dokkupy nginx:set {conf.app} http3 false",
                        code="port_taken",
                    )

    def _reload(self, generation: str) -> None:
        master = self.nginx.pid()
        if master is None:
            raise not_running()
        old = self.nginx.workers(master)
        try:
            self.nginx.reload(master)
            failpoint("nginx: reloaded")
            is_served = self.nginx.await_generation(generation, self._probe_address(), old, master=master)
        finally:
            self.nginx.signals.end()
        if not is_served:
            if not self.nginx.generation(self._probe_address()):
                raise HostError(
                    "nginx runs, but does not serve dokkupy's apps",
                    hint=f"Check that {self.layout.etc}/nginx.conf includes {self.layout.etc}/conf.d/*.conf in http {{}}, then: "
                    "dokkupy nginx:reload",
                    code="proxy_refused",
                )
            raise HostError(
                "nginx did not load the new configuration; the previous one still serves",
                hint="See its error log (/var/log/nginx/error.log), then run: dokkupy doctor",
                code="proxy_refused",
            )

    def _reload_quietly(self, generation: str) -> None:
        """Reload the old tree, while an error is being raised. A failure of this reload is ignored."""
        try:
            self._reload(generation)
        except DokkupyError as error:
            self.host.out.warn(error.message)

    # removing apps, and restoring them

    def restore(self, conf: Conf, text: str) -> bool:
        """Serve a file again that was set aside, if nginx now accepts it and no other app has taken its names."""
        with self.lock():
            others = [read_conf(app, self.trees.text(app, head=True)) for app in self.trees.apps()]
            if any(other.app == conf.app for other in others):
                return True
            check_clashes([conf], others, self._named)
            staged = Staged(new_generation(), {conf.app: text}, {conf.app: conf}, others, set())
            self._build(staged)
            try:
                if self.refusal(staged.tree) is not None:
                    return False
                self._switch(staged)
                return True
            finally:
                self.trees.sweep()

    def live_as_staged(self) -> Staged:
        """The current tree, to be built again without some apps."""
        others = [read_conf(app, self.trees.text(app, head=True)) for app in self.trees.apps()]
        return Staged(new_generation(), {}, {}, others, set())

    def take_out(self, apps: set[AppName]) -> None:
        """Switch to the tree without these apps, without a test or a reload, because nginx refuses it with them."""
        staged = self.live_as_staged()
        staged.leave_out(apps)
        self._build(staged)
        self.trees.switch(staged.tree)


class Staged:
    """A tree that is being built: what changes, what stays, what is removed."""

    def __init__(
        self,
        generation: str,
        texts: dict[AppName, str],
        confs: dict[AppName, Conf],
        others: list[Conf],
        gone: set[AppName],
    ) -> None:
        self.generation = generation
        self.texts = texts
        self.confs = confs
        self.others = others
        self.gone = gone
        self.tree = ""
        self.base = ""

    def fits(self, live: str, texts: dict[AppName, str], gone: set[AppName]) -> bool:
        """Whether it is what these changes make of the tree in force, and is still there."""
        same = self.base == live and self.texts == texts and self.gone == gone
        return same and bool(self.tree) and is_tree(self.tree)

    def copy(self) -> Staged:
        return Staged(new_generation(), dict(self.texts), dict(self.confs), list(self.others), set(self.gone))

    def leave_out(self, apps: set[AppName]) -> None:
        """Remove apps. The tree must then be built again, under a new name."""
        self.generation = new_generation()
        self.texts = {app: text for app, text in self.texts.items() if app not in apps}
        self.confs = {app: conf for app, conf in self.confs.items() if app not in apps}
        self.others = [conf for conf in self.others if conf.app not in apps]
        self.gone |= apps


class _Held:
    """A lock as a context manager."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self.lock.release()
