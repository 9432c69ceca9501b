"""The contract of a datastore, on memcached 1.6."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from bed.servers import server
from dokkupy_apps.apps import create_app
from dokkupy_apps.desired.config import get_env
from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName
from dokkupy_services.data import moving
from dokkupy_services.lifecycle import mounts
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.links import variables as links
from dokkupy_services.model import Service
from dokkupy_services.names import Mount, ServiceName
from dokkupy_services.role import Datastore, ServiceExec
from dokkupy_services.testing.contract import DatastoreContract
from dokkupy_services.timer import maintenance

TALK = 'exec 3<>/dev/tcp/service/11211; cat >&3; while IFS= read -r line <&3; do echo "$line"; done'


def talk(inside: ServiceExec, words: bytes) -> list[str]:
    """Talk to the server over the network, as an app. The input must end with `quit`."""
    return inside.run(["bash", "-euc", TALK], stdin=words + b"quit\r\n").split("\n")


class TestMemcached(DatastoreContract):
    kind = "memcached"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("memcached:1.6")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return ""

    def test_app_writes_and_reads_at_the_address_in_its_url(
        self, host: Host, datastore: Datastore, service: Service, app: AppName
    ) -> None:
        key = links.link(host, datastore, service.name, app)
        assert get_env(host, app)[key].reveal() == f"memcached://{service.hostname}:11211"
        said = talk(self.inside(host, service), b"set a 0 0 3\r\nabc\r\nget a\r\n")
        assert [line.strip() for line in said[:3]] == ["STORED", "VALUE a 0 3", "abc"]
        links.unlink(host, datastore.kind, service.name, app)

    def test_connect_ends_with_the_input(self, host: Host, datastore: Datastore, service: Service) -> None:
        argv = datastore.connect(service)
        for words in (b"set k 0 0 2\nhi\nget k\n", b"get k\nquit\n"):
            said = self.inside(host, service).run(argv, stdin=words, timeout=60)
            assert "VALUE k 0 2" in said and "hi" in said

    def test_full_cache_evicts_items_and_keeps_running(self, host: Host, datastore: Datastore, image: str) -> None:
        options = ServiceOptions(image=image, memory="40", config_options="-c 512")
        made = lifecycle.create(host, datastore, ServiceName(f"full-{secrets.token_hex(3)}"), options)
        inside = Exec(host, made, made.container)
        item = b"x" * 500_000
        talk(inside, b"".join(b"set %d 0 0 %d noreply\r\n%s\r\n" % (one, len(item), item) for one in range(200)))
        stats = dict(line.split()[1:3] for line in talk(inside, b"stats\r\n") if line.startswith("STAT"))
        assert int(stats["evictions"]) > 100 and stats["limit_maxbytes"] == str(32 << 20)
        assert stats["max_connections"] == "512"
        assert lifecycle.status(host, made) == "running" and maintenance.bring_up_all(host) == []
        lifecycle.destroy(host, datastore.kind, made.name, purge=True)

    def test_changed_memory_limit_makes_a_new_container_at_the_same_address(
        self, host: Host, datastore: Datastore, service: Service, image: str
    ) -> None:
        app = AppName(f"ct-{secrets.token_hex(3)}")
        create_app(host, app)
        host.networks().ensure(f"dokkupy-app-{app}", subnet="", labels={"dokkupy.app": app})
        links.link(host, datastore, service.name, app)
        moved = moving.upgrade(host, datastore, service.name, ServiceOptions(memory="50"))
        assert moved.how == "in-place" and moved.service.memory == "50"
        assert self.reaches(host, app, service.hostname, datastore.port, image)
        links.unlink(host, datastore.kind, service.name, app)

    def test_mounts_take_effect_at_the_next_start(
        self, host: Host, datastore: Datastore, service: Service, tmp_path: Path
    ) -> None:
        files = tmp_path / "files"
        files.mkdir()
        (files / "word").write_text("mounted")
        volume = f"dokkupy-test-{service.name}"
        wanted = [Mount(f"{files}:/opt/files:ro"), Mount(f"{volume}:/opt/volume")]
        try:
            mounts.mount(host, datastore, service.name, wanted)
            lifecycle.restart(host, datastore, service.name)
            inside = self.inside(host, service)
            assert inside.run(("cat", "/opt/files/word")) == "mounted" and inside.ok(("test", "-d", "/opt/volume"))
            assert not inside.ok(("sh", "-c", ": >/opt/files/other"))
        finally:
            mounts.unmount(host, datastore, service.name, None)
            lifecycle.restart(host, datastore, service.name)
            host.volumes().remove(volume)
        assert not inside.ok(("test", "-e", "/opt/files"))
