"""Services on a machine: apps use them by client libraries, nothing else can reach them, a reboot starts them before
the apps, and passwords are not visible."""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from apps import Repository
from bed import servers
from bed.checkout import ROOT
from bed.engine import SOON, Ran, run
from bed.host import Host
from dokkupy_sdk.testing.effort import THOROUGH
from state import argv_watched

NOTES = ROOT / "examples" / "apps" / "notes"
TLS_ASKED = bytes.fromhex("0000000804d2162f")
"""PostgreSQL's SSLRequest."""


def post(host: Host, name: str, text: str, query: str = "") -> int:
    connection = http.client.HTTPConnection(host.ip, 80, timeout=SOON)
    try:
        connection.request("POST", f"/{query}", body=text.encode(), headers={"Host": name})
        return connection.getresponse().status
    finally:
        connection.close()


def notes(host: Host, name: str, query: str = "") -> list[str]:
    answer = host.http_get(name, f"/{query}")
    assert answer.status == 200, answer.body
    return answer.body.split("\n")[:-1] if answer.body.strip() else []


def offered(host: Host, *images: str) -> None:
    """Load these official images into the machine's engine."""
    for name in images:
        if host.exec(["docker", "image", "inspect", name], check=False).code:
            host.load_image(servers.server(name), name)


@pytest.fixture(scope="module")
def app(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The sample app, which these tests share, because each leaves it without a service."""
    name = "t-notes"
    host.exec(["dokkupy", "apps:create", name])
    host.exec(["dokkupy", "domains:set", name, f"{name}.example.com"])
    host.git_push(Repository(tmp_path_factory.mktemp("notes") / "app", NOTES).path, name)
    yield name
    host.exec(["dokkupy", "apps:destroy", name, "--force"], check=False)


@pytest.fixture
def deployed(app: str) -> str:
    """The domain of the sample app."""
    return f"{app}.example.com"


@pytest.fixture(scope="module")
def private(host: Host) -> Iterator[str]:
    """A database that no app uses, except while a test links it."""
    offered(host, "postgres:15")
    host.exec(["dokkupy", "postgres:create", "private", "-I", "15"])
    yield "private"
    host.exec(["dokkupy", "postgres:destroy", "private", "--force", "--purge"], check=False)


def drop(host: Host, kind: str, name: str, app: str, *options: str) -> None:
    host.exec(["dokkupy", f"{kind}:unlink", name, app, *options], check=False)
    host.exec(["dokkupy", f"{kind}:destroy", name, "--force", "--purge"], check=False)


def test_app_keeps_its_data_through_an_upgrade_and_its_password_is_never_visible(
    host: Host, app: str, deployed: str
) -> None:
    offered(host, "postgres:15", "postgres:17")
    assert host.http_get(deployed).status == 503
    try:
        host.ssh(["postgres:create", "db", "--image-version", "15"])
        dsn = host.ssh(["postgres:info", "db", "--dsn"]).stdout.strip()
        password = dsn.partition("://")[2].partition("@")[0].partition(":")[2]
        assert len(password) == 32
        with argv_watched(host) as argv:
            linked = host.ssh(["postgres:link", "db", app])
            assert "DATABASE_URL:  ***" in linked.stdout
            assert [post(host, deployed, text) for text in ("first", "zweite ü ☃")] == [200, 200]
            assert notes(host, deployed) == ["first", "zweite ü ☃"]
            shown = [
                host.ssh(["postgres:info", "db"]),
                host.ssh(["--", "postgres:info", "db", "--format", "json"]),
                host.ssh(["services"]),
                host.ssh(["postgres:logs", "db"]),
                host.ssh(["postgres:links", "db"]),
                host.ssh(["--", "postgres:link", "db", app, "--format", "json"], check=False),
                host.ssh(["--", "postgres:upgrade", "db", "--image-version", "none-such"], check=False),
                host.exec(["docker", "inspect", "dokku.postgres.db"]),
                host.exec(["dokkupy", "doctor"], check=False),
            ]
            for ran in shown:
                assert password not in ran.output
            moved = host.ssh(["--", "postgres:upgrade", "db", "--image-version", "17"])
            print(moved.stdout)
            assert "apps could not reach it for" in moved.stdout
            assert notes(host, deployed) == ["first", "zweite ü ☃"]
            assert post(host, deployed, "third") == 200
            host.ssh(["--", "postgres:revert", "db"])
            assert notes(host, deployed) == ["first", "zweite ü ☃"]
        assert "pg_dump" in host.exec(["cat", argv]).stdout
        places = [argv, "/var/lib/dokkupy/journal", "/var/lib/dokkupy/logs", "/var/lib/dokkupy/tmp", "/var/log"]
        assert host.exec(["grep", "-rla", password, *places], check=False).stdout == ""
    finally:
        drop(host, "postgres", "db", app)


def test_deployer_can_use_the_data_of_the_linked_service_only(
    host: Host, app: str, tmp_path: Path, private: str
) -> None:
    """With a real key and a real database: connect, export, import and a tunnel."""
    key = tmp_path / "dora"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)])
    public = key.with_suffix(".pub").read_text()
    command = host._ssh_command()
    command[command.index("-i") + 1] = str(key)

    def typed(*words: str, input: bytes = b"") -> Ran:
        return run([*command, f"dokku@{host.ip}", *words], check=False, input=input, timeout=SOON)

    host.exec(["dokkupy", "ssh-keys:add", "dora", "--role", "deployer", "--apps", app], input=public)
    try:
        host.exec(["dokkupy", "postgres:create", "mine", "-I", "15"])
        host.exec(["dokkupy", "postgres:link", "mine", app, "--no-restart"])
        filled = typed("postgres:connect", "mine", input=b"create table t (a int); insert into t values (41);")
        assert filled.code == 0, filled.output
        export = [*command, f"dokku@{host.ip}", "postgres:export", "mine"]
        dump = subprocess.run(export, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=SOON).stdout
        assert typed("postgres:connect", "mine", input=b"update t set a = 42;").code == 0
        assert " 42" in typed("postgres:connect", "mine", input=b"select a from t;").stdout
        imported = typed("postgres:import", "mine", input=dump)
        assert imported.code == 0, imported.output
        assert " 41" in typed("postgres:connect", "mine", input=b"select a from t;").stdout
        # ask PostgreSQL through the tunnel whether it supports TLS
        assert typed("postgres:tunnel", "mine", input=TLS_ASKED).stdout in ("N", "S")
        for verb, content in (("connect", b"select 1;"), ("export", b""), ("import", dump), ("tunnel", TLS_ASKED)):
            refused = typed(f"postgres:{verb}", private, input=content)
            assert refused.code == 1 and refused.stdout == "", verb
            assert f"There is no service {private} that the key dora may use" in refused.stderr, verb
    finally:
        host.exec(["dokkupy", "ssh-keys:remove", "dora"], check=False)
        drop(host, "postgres", "mine", app, "--no-restart")  # it was linked in this way


def test_service_that_is_not_linked_cannot_be_reached(host: Host, app: str, private: str) -> None:
    try:
        ip = host.exec(["dokkupy", "postgres:info", private, "--internal-ip"]).stdout.strip()
        probe = "import socket,sys; socket.create_connection((sys.argv[1], 5432), timeout=4)"
        for target in (ip, "dokku-postgres-private", "dokku.postgres.private", "service"):
            ran = host.exec(["dokkupy", "run", app, "python", "-c", probe, target], check=False)
            assert ran.code != 0, target
        open_ports = host.exec(["ss", "-Hltn"]).stdout
        assert ":5432" not in open_ports
        host.exec(["dokkupy", "postgres:link", private, app])
        assert host.exec(["dokkupy", "run", app, "python", "-c", probe, "dokku-postgres-private"]).code == 0
        host.exec(["dokkupy", "postgres:unlink", private, app])
        assert host.exec(["dokkupy", "run", app, "python", "-c", probe, ip], check=False).code != 0

        # A tunnel works although no port of the host is open: PostgreSQL answers whether it supports TLS.
        assert host.ssh(["postgres:tunnel", private], input=TLS_ASKED).stdout in ("N", "S")

        # An exposed service is on loopback. It is on other addresses only on request, with a warning.
        host.exec(["dokkupy", "postgres:expose", private, "15432"])
        assert "127.0.0.1:15432" in host.exec(["ss", "-Hltn"]).stdout
        assert not reachable(host, 15432)
        host.exec(["dokkupy", "postgres:unexpose", private])
        opened = host.exec(["dokkupy", "postgres:expose", private, "0.0.0.0:15432"])
        assert "Anyone who can reach this host" in opened.stderr and reachable(host, 15432)
        assert "can be reached from outside" in host.exec(["dokkupy", "doctor"], check=False).output
        host.exec(["dokkupy", "postgres:unexpose", private])
        assert not reachable(host, 15432)
    finally:
        for verb, *more in (["unexpose"], ["unlink", app]):
            host.exec(["dokkupy", f"postgres:{verb}", private, *more], check=False)


def reachable(host: Host, port: int) -> bool:
    connection = http.client.HTTPConnection(host.ip, port, timeout=3)
    try:
        connection.connect()
        return True
    except OSError:
        return False
    finally:
        connection.close()


def test_reboot_starts_services_before_the_apps_and_a_lost_container_is_created_again(
    fresh_host: Host, tmp_path: Path
) -> None:
    host, name = fresh_host, "notes.example.com"
    offered(host, "postgres:15")
    host.exec(["dokkupy", "apps:create", "notes"])
    host.exec(["dokkupy", "domains:set", "notes", name])
    host.exec(["dokkupy", "postgres:create", "db", "-I", "15"])
    host.exec(["dokkupy", "postgres:link", "db", "notes"])
    host.git_push(Repository(tmp_path / "app", NOTES).path, "notes")
    assert post(host, name, "kept") == 200
    for end in (host.reboot, host.power_cut):
        # The engine has nothing of the service; its record is enough to create the container again.
        host.exec(["docker", "rm", "-f", "dokku.postgres.db"])
        end()
        host.engine_ready()
        deadline = time.monotonic() + SOON
        while host.http_get(name).status != 200 and time.monotonic() < deadline:
            time.sleep(0.5)
        assert notes(host, name) == ["kept"]
    started = json.loads(
        host.exec(["docker", "inspect", "-f", "[{{json .State.StartedAt}}]", "dokku.postgres.db"]).stdout
    )
    assert started
    host.exec(["docker", "rm", "-f", "dokku.postgres.db"])
    # as if a minute passed, because the boot may just have run this job
    host.exec(["rm", "-f", "/var/lib/dokkupy/global/tick.toml"])
    host.exec(["dokkupy", "tick"])
    assert notes(host, name) == ["kept"]


#: kind -> (images: the first version, and a newer one or none; the variable of a linked app). The contract of each kind links it, and
#: the first test here links and upgrades one beside an app.
KINDS = {
    "mysql": ("mysql:8", "", "DATABASE_URL"),
    "redis": ("redis:7", "redis:8" if THOROUGH else "", "REDIS_URL"),
}
FURTHER = {
    "mongo": ("mongo:8", "", "MONGO_URL"),
    "postgres": ("postgres:15", "postgres:17", "DATABASE_URL"),
    "mariadb": ("mariadb:10.11", "mariadb:11.8", "DATABASE_URL"),
    "rabbitmq": ("rabbitmq:4", "", "RABBITMQ_URL"),
    "memcached": ("memcached:1.6", "", "MEMCACHED_URL"),
}
KEEPS = frozenset(KINDS | FURTHER) - {"memcached"}


def test_app_uses_each_kind_of_service_by_its_usual_library(host: Host, app: str, deployed: str) -> None:
    print(f"\n{'kind':<10} {'created':>8} {'linked':>7} {'upgraded':>9} {'apps without it':>16}")
    for kind, (image, newer, variable) in (KINDS | (FURTHER if THOROUGH else {})).items():
        offered(host, *filter(None, (image, newer)))
        query, name = f"?in={variable}", f"e2e-{kind}"
        try:
            started = time.monotonic()
            host.exec(["dokkupy", f"{kind}:create", name, "--image-version", image.partition(":")[2]])
            created = time.monotonic() - started
            started = time.monotonic()
            host.exec(["dokkupy", f"{kind}:link", name, app])
            linked = time.monotonic() - started
            assert post(host, deployed, "eins", query) == 200 and post(host, deployed, "zwei ☃", query) == 200, kind
            assert notes(host, deployed, query) == ["eins", "zwei ☃"], kind
            host.exec(["dokkupy", f"{kind}:restart", name])
            kept = ["eins", "zwei ☃"] if kind in KEEPS else []
            assert notes(host, deployed, query) == kept, kind
            moved, seconds = 0.0, ""
            if newer:
                started = time.monotonic()
                version = newer.partition(":")[2]
                ran = host.exec(["dokkupy", f"{kind}:upgrade", name, "--image-version", version, "--format", "json"])
                moved, seconds = time.monotonic() - started, json.loads(ran.stdout)["downtime"]
                assert notes(host, deployed, query) == kept, kind
            host.exec(["dokkupy", f"{kind}:unlink", name, app])
            assert host.http_get(deployed, f"/{query}").status == 503, kind
            print(f"{kind:<10} {created:>7.1f}s {linked:>6.1f}s {moved:>8.1f}s {seconds!s:>15}s")
        finally:
            drop(host, kind, name, app)
