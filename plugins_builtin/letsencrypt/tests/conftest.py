"""A real ACME authority (Pebble, with its DNS server) and a host of fakes whose challenges are served over HTTP."""

from __future__ import annotations

import http.server
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from dokkupy_apps.desired.domains import add_domains, domains_of
from dokkupy_apps.routing.traffic import rerouting
from dokkupy_apps.testing import deploy
from dokkupy_letsencrypt.certbot.program import Certbot
from dokkupy_letsencrypt.order import manage
from dokkupy_letsencrypt.validation import reach
from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.operation import operation
from dokkupy_sdk.state import DomainsFile
from dokkupy_sdk.testing import FakeProxy, fake_host
from dokkupy_sdk.tls import challenge_server, tls_probe

from plugins_builtin.letsencrypt.tests.authority import Pebble
from plugins_builtin.letsencrypt.tests.front import Front

BLOG = AppName("blog")
TREE = {"Procfile": "web: serve\n"}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    pebble = Pebble(tmp_path_factory.mktemp("pebble"))
    pebble.start()
    yield pebble
    pebble.stop()


class Handler(http.server.SimpleHTTPRequestHandler):
    """What nginx does with the directory of challenges."""

    def translate_path(self, path: str) -> str:
        return super().translate_path("/" + path.removeprefix(reach.PATH))

    def log_message(self, *_: object) -> None: ...


class Bench:
    """host: with the app `blog`, deployed, which answers to blog.example.com, and Pebble as its authority."""

    def __init__(self, path: Path, authority: Pebble) -> None:
        self.authority = authority
        self.host: Host = fake_host(path / "host", plugins=("certs", "letsencrypt"))
        store = self.host.store
        store.write("global", "domains", data={"vhosts": ["example.com"]})
        properties = {"server": authority.directory, "ca-bundle": authority.bundle, "email": "me@example.com"}
        store.write("global", "letsencrypt", data={"properties": properties})
        deploy(self.host, "blog", TREE)
        handler = partial(Handler, directory=challenge_server(self.host).directory())
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", authority.http), handler)
        threading.Thread(target=lambda: self.server.serve_forever(0.02), daemon=True).start()

    @property
    def proxy(self) -> FakeProxy:
        made = self.host.proxy()
        assert isinstance(made, FakeProxy)
        return made

    def served(self, name: str = "blog.example.com", app: AppName = BLOG) -> str:
        return tls_probe(self.host).served(app, Domain(name), 443)

    def add(self, *names: str) -> None:
        with operation(self.host, "domains:add", f"app:{BLOG}") as tx:
            add_domains(tx, BLOG, [Domain(name) for name in names])

    def remove(self, *names: str) -> None:
        """As `domains:remove` does."""
        with rerouting(self.host, "domains:remove", BLOG) as tx:
            left = [domain for domain in domains_of(self.host, BLOG) if domain not in names]
            tx.save(DomainsFile(vhosts=tuple(left)), BLOG)

    def set(self, name: str, value: str) -> None:
        with operation(self.host, "letsencrypt:set", f"app:{BLOG}") as tx:
            manage.SETTINGS.set(tx, BLOG, name, value)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


IMPATIENT = """#!{python}
# certbot as it is, but that it asks again at once where it would wait a second, twice in each order.
import sys, time
sleep = time.sleep
time.sleep = lambda seconds: sleep(seconds / 20)
from certbot.main import main
sys.exit(main())
"""


@pytest.fixture
def bench(tmp_path: Path, authority: Pebble, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(tmp_path, authority)
    program = tmp_path / "impatient" / "certbot"
    program.parent.mkdir()
    program.write_text(IMPATIENT.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setattr(Certbot, "program", lambda _: str(program))

    def ask(name: str, path: str) -> tuple[int, bytes]:
        """As a name of the example's own DNS would be asked."""
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", authority.http, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(256)

    monkeypatch.setattr(reach, "ask", ask)
    yield made
    made.close()


@pytest.fixture
def front(bench: Bench) -> Iterator[Front]:
    """The bench's authority is asked through it."""
    made = Front(bench.authority)
    bench.set("server", made.directory)
    yield made
    made.close()
