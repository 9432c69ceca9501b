"""The stand-ins for servers' official images: each keeps the contract that the tests of datastores rest on."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from bed.engine import LABEL, OWNER, Ran, docker
from bed.host import me
from bed.servers import SERVERS, row_of, server
from dokkupy_sdk.testing.effort import THOROUGH

#: Quotes, a space, a dollar and a letter beyond ASCII: what an entry point that pastes texts together breaks on.
PASSWORD = 'it\'s $ "so" \\ gehörig'


@dataclass(frozen=True)
class Contract:
    """How one server is spoken to with its own client, inside its container. `{ip}` is the container's address.

    secret: content of the file at `mounted`. ready, write, read: what succeeds; read prints `row`. right: what succeeds
    over the network with the password, refused: what must not with a wrong one or none. status: of a graceful stop. keeps: its data.
    """

    env: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    refused: tuple[tuple[str, ...], ...] = ()
    secret: str = PASSWORD
    mounted: str = "/run/secret"
    status: int = 0
    keeps: bool = True


POSTGRES = Contract(
    env=("POSTGRES_PASSWORD_FILE=/run/secret", "POSTGRES_USER=ann", "POSTGRES_DB=shop"),
    ready=("pg_isready", "-q", "-h", "{ip}"),
    write=("psql", "-qU", "ann", "shop", "-c", "CREATE TABLE t (v text)", "-c", "INSERT INTO t VALUES ('row')"),
    read=("psql", "-AtU", "ann", "shop", "-c", "SELECT v FROM t"),
    right=("env", f"PGPASSWORD={PASSWORD}", "psql", "-wh", "{ip}", "-U", "ann", "shop", "-c", "SELECT 1"),
    refused=(("env", "PGPASSWORD=wrong", "psql", "-wh", "{ip}", "-U", "ann", "shop", "-c", "SELECT 1"),),
)


def redis(program: str) -> Contract:
    """Redis and Valkey read a configuration file; their password is in it. They keep data with `save` or AOF."""
    cli = f"{program}-cli"
    return Contract(
        command=("/usr/local/etc/server.conf",),
        mounted="/usr/local/etc/server.conf",
        secret="requirepass right\nappendonly yes\n",
        ready=("env", "REDISCLI_AUTH=right", cli, "-e", "-h", "{ip}", "ping"),
        write=("env", "REDISCLI_AUTH=right", cli, "-e", "set", "key", "row"),
        read=("env", "REDISCLI_AUTH=right", cli, "-e", "get", "key"),
        right=("env", "REDISCLI_AUTH=right", cli, "-e", "-h", "{ip}", "get", "key"),
        refused=(("env", "REDISCLI_AUTH=wrong", cli, "-e", "-h", "{ip}", "get", "key"),),
    )


def mysql(client: str) -> Contract:
    """MariaDB and its stand-in for MySQL. Passwords are in the environment: no client of theirs asks in a test."""
    right, wrong = ("env", f"MYSQL_PWD={PASSWORD}"), ("env", "MYSQL_PWD=wrong")
    ann = (client, "-h", "{ip}", "-uann", "-N", "shop", "-e")
    return Contract(
        env=(
            "MYSQL_ROOT_PASSWORD_FILE=/run/secret",
            "MYSQL_PASSWORD_FILE=/run/secret",
            "MYSQL_USER=ann",
            "MYSQL_DATABASE=shop",
        ),
        ready=(*right, *ann, "SELECT 1"),
        write=(*right, client, "-uroot", "shop", "-e", "CREATE TABLE t (v text); INSERT INTO t VALUES ('row')"),
        read=(*right, *ann, "SELECT v FROM t"),
        right=(*right, client, "-h", "{ip}", "-uroot", "-e", "SELECT 1"),
        refused=(
            (*wrong, *ann, "SELECT 1"),
            (client, "-h", "127.0.0.1", "-uroot", "-e", "SELECT 1"),
            (client, "-uroot", "-e", "SELECT 1"),
        ),
    )


def memcached(said: str) -> tuple[str, ...]:
    """argv that sends a line to memcached and prints what it answers; bash is all the client that the image has."""
    return (
        "bash",
        "-c",
        f"exec 3<>/dev/tcp/{{ip}}/11211; printf '{said}quit\\r\\n' >&3; grep -oE 'row|STORED|VERSION' <&3",
    )


def mongo(password: str, script: str) -> tuple[str, ...]:
    """argv of the shell as the root user over the network."""
    return ("mongosh", "--quiet", "--host", "{ip}", "-u", "ann", "-p", password, "--eval", script)


def http(login: str, method: str, path: str, body: str = "") -> tuple[str, ...]:
    """argv that asks restic's REST server, prints the answer's last line and fails unless the answer is 200."""
    authorization = base64.b64encode(login.encode()).decode()
    lines = (
        f"{method} {path} HTTP/1.0",
        f"Authorization: Basic {authorization}",
        f"Content-Length: {len(body)}",
        "",
        body,
    )
    text = "\\r\\n".join(lines)
    asks = f"exec 3<>/dev/tcp/{{ip}}/8000; printf '{text}' >&3; said=$(cat <&3)"
    return ("bash", "-c", f"{asks}; printf '%s' \"${{said##*$'\\n'}}\"; [[ $said == *' 200 '* ]]")


def nats(password: str, *lines: str) -> tuple[str, ...]:
    """argv that speaks NATS's protocol as the user ann, and succeeds when the answer names a row or is PONG."""
    said = "\\r\\n".join((f'CONNECT {{"user":"ann","pass":"{password}"}}', "SUB in 1", *lines, ""))
    return ("bash", "-c", f"exec 3<>/dev/tcp/{{ip}}/4222; printf '{said}' >&3; timeout 60 grep -m1 -oE 'row|PONG' <&3")


NATS = Contract(
    command=("--config", "/etc/ann.conf"),
    mounted="/etc/ann.conf",
    secret='jetstream { store_dir: "/data" }\nauthorization { user: ann, password: "right" }\n',
    ready=nats("right", "PING"),
    write=nats("right", "PUB $JS.API.STREAM.CREATE.row in 33", '{"name":"row","subjects":["row"]}'),
    read=nats("right", "PUB $JS.API.STREAM.NAMES in 0", ""),
    right=nats("right", "PING"),
    refused=(nats("wrong", "PING"),),
    status=1,  # of 2.9; later ones end with 0
)


def clickhouse(host: str, password: str, query: str) -> tuple[str, ...]:
    return ("clickhouse-client", "-h", host, "-u", "ann", "--password", password, "-q", query)


CLICKHOUSE = Contract(
    mounted="/etc/clickhouse-server/users.d/ann.xml",
    secret="<yandex><users><default remove='remove'/><ann><password>right</password><networks><ip>::/0</ip></networks>"
    "<profile>default</profile><quota>default</quota></ann></users></yandex>\n",
    ready=clickhouse("127.0.0.1", "right", "SELECT 1"),
    write=clickhouse("127.0.0.1", "right", "CREATE TABLE default.row (v String) ENGINE = Log"),
    read=clickhouse("127.0.0.1", "right", "SELECT name FROM system.tables WHERE database = 'default'"),
    refused=(clickhouse("127.0.0.1", "wrong", "SELECT 1"),),
)


def web(port: int, header: str, method: str, path: str, body: str = "") -> tuple[str, ...]:
    """argv that sends a request, succeeds if that did, and prints `row` if the answer has it."""
    lines = (f"{method} {path} HTTP/1.0", header, "Content-Type: application/json", f"Content-Length: {len(body)}", "")
    text = "\\r\\n".join((*lines, body))
    asks = f"exec 3<>/dev/tcp/{{ip}}/{port}; printf '{text}' >&3; said=$(cat <&3)"
    return (
        "bash",
        "-c",
        f"{asks}; grep -m1 -o '\"row\"' <<<\"$said\" | tr -d '\"'; [[ $said == HTTP/[0-9].[0-9]' 2'[0-9][0-9]* ]]",
    )


def basic(password: str, user: str = "ann") -> str:
    return f"Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


HASHED = hashlib.pbkdf2_hmac("sha1", b"right", b"salt", 10, 20).hex()
COUCHDB = Contract(
    mounted="/opt/couchdb/etc/local.d/ann.ini",
    secret=f"[admins]\nann = -pbkdf2-{HASHED},salt,10\n",
    ready=web(5984, "X: 1", "GET", "/_up"),
    write=web(5984, basic("right"), "PUT", "/row"),
    read=web(5984, basic("right"), "GET", "/_all_dbs"),
    refused=(web(5984, basic("wrong"), "GET", "/row"), web(5984, "X: 1", "GET", "/row")),
)
MEILISEARCH = Contract(
    command=("meilisearch", "--config-file-path", "/etc/ann.toml", "--http-addr=0.0.0.0:7700"),
    mounted="/etc/ann.toml",
    secret='env = "production"\nmaster_key = "right and long enough"\n',
    ready=web(7700, "X: 1", "GET", "/health"),
    write=web(7700, "Authorization: Bearer right and long enough", "POST", "/indexes/row/documents", '[{"id": 1}]'),
    read=web(7700, "Authorization: Bearer right and long enough", "GET", "/indexes"),
    refused=(web(7700, "Authorization: Bearer wrong", "GET", "/stats"), web(7700, "X: 1", "GET", "/stats")),
)
TYPESENSE = Contract(
    command=("--config=/etc/ann.ini",),
    mounted="/etc/ann.ini",
    secret="[server]\ndata-dir = /data\napi-key = right\n",
    ready=web(8108, "X: 1", "GET", "/health"),
    write=web(8108, "X-TYPESENSE-API-KEY: right", "POST", "/collections", '{"name": "row", "fields": []}'),
    read=web(8108, "X-TYPESENSE-API-KEY: right", "GET", "/collections"),
    refused=(web(8108, "X-TYPESENSE-API-KEY: wrong", "GET", "/debug"), web(8108, "X: 1", "GET", "/debug")),
)
ELASTICSEARCH = Contract(
    env=(
        "ELASTIC_PASSWORD_FILE=/run/secret",
        "ES_JAVA_OPTS=-Xms512m -Xmx512m",  # all of which is touched at the start
        "discovery.type=single-node",
        "xpack.security.enabled=true",
        "xpack.security.http.ssl.enabled=false",
    ),
    command=("elasticsearch", "-Enetwork.host=0.0.0.0"),
    secret="right",
    ready=web(9200, basic("right", "elastic"), "GET", "/_cluster/health?wait_for_status=yellow"),
    write=web(9200, basic("right", "elastic"), "PUT", "/row"),
    read=web(9200, basic("right", "elastic"), "GET", "/row/_mapping"),
    refused=(web(9200, basic("wrong", "elastic"), "GET", "/_cluster/health"), web(9200, "X: 1", "GET", "/_nodes")),
    status=143,
)


RABBITMQ = Contract(
    secret="default_user = ann\ndefault_pass = right\n",
    mounted="/etc/rabbitmq/conf.d/20-dokkupy.conf",
    # As its user: root's client would make the cookie, which the server then cannot read. So it is with the official image.
    ready=("gosu", "rabbitmq", "rabbitmq-diagnostics", "-q", "check_port_connectivity"),
    write=("rabbitmqctl", "-q", "add_vhost", "row"),
    read=("bash", "-c", "rabbitmqctl -q list_vhosts --no-table-headers | grep row"),
    right=("rabbitmqctl", "-q", "authenticate_user", "ann", "right"),
    refused=(("rabbitmqctl", "-q", "authenticate_user", "ann", "wrong"),),
)


CONTRACTS = {
    "couchdb:3.5": COUCHDB,
    "elasticsearch:8.19.7": ELASTICSEARCH,
    "getmeili/meilisearch:v1.52.0": MEILISEARCH,
    "getmeili/meilisearch:v1.53.2": MEILISEARCH,
    "typesense/typesense:30.2": TYPESENSE,
    "postgres:15": POSTGRES,
    "postgres:17": POSTGRES,
    "redis:7": redis("redis"),
    "redis:8": redis("redis"),
    "mariadb:10.11": mysql("mariadb"),
    "mariadb:11.8": mysql("mariadb"),
    "mysql:8": mysql("mysql"),
    "valkey:8": redis("valkey"),
    "rabbitmq:3": RABBITMQ,
    "rabbitmq:4": RABBITMQ,
    "mongo:8": Contract(
        env=("MONGO_INITDB_ROOT_USERNAME=ann", "MONGO_INITDB_ROOT_PASSWORD_FILE=/run/secret"),
        secret="it's so",
        ready=mongo("it's so", "db.runCommand({ping: 1}).ok"),
        write=mongo("it's so", "db.t.insertOne({v: 'row'})"),
        read=mongo("it's so", "print(db.t.findOne().v)"),
        right=mongo("it's so", "db.t.countDocuments()"),
        refused=(
            mongo("wrong", "db.t.countDocuments()"),
            ("mongosh", "--quiet", "--host", "{ip}", "--eval", "db.t.countDocuments()"),
        ),
    ),
    "restic/rest-server:0.13": Contract(
        secret="ann:{SHA}" + base64.b64encode(hashlib.sha1(b"right").digest()).decode() + "\n",
        mounted="/run/htpasswd",
        env=("PASSWORD_FILE=/run/htpasswd",),
        ready=http("ann:right", "POST", "/repo/?create=true"),
        write=http("ann:right", "POST", "/repo/config", "row"),
        read=http("ann:right", "GET", "/repo/config"),
        right=http("ann:right", "HEAD", "/repo/config"),
        refused=(http("ann:wrong", "HEAD", "/repo/config"), http("ann:", "HEAD", "/repo/config")),
    ),
    "clickhouse/clickhouse-server:18.16": CLICKHOUSE,
    "nats:2.9-alpine": NATS,
    "nats:2-alpine": replace(NATS, status=0),
    "memcached:1.6": Contract(
        ready=memcached("version\\r\\n"),
        write=memcached("set key 0 0 3\\r\\nrow\\r\\n"),
        read=memcached("get key\\r\\n"),
        keeps=False,
    ),
}


class Running:
    """A container of a stand-in, with a volume where the image declares one and a file with the password."""

    def __init__(self, name: str, secret: Path) -> None:
        self.row, self.contract = row_of(name), CONTRACTS[name]
        self.name = f"dokkupy-bed-{os.getpid()}-{name.replace(':', '-').replace('/', '-')}"
        self.labels = ("--label", f"{LABEL}=1", "--label", f"{OWNER}={me()}")
        self.secret = secret
        self.image = server(name)
        docker("volume", "create", *self.labels, self.name)

    def start(self) -> None:
        """Run it again on the same volume, and wait until it answers over the network. RabbitMQ's data is the host name's."""
        docker("rm", "-f", "-v", self.name, check=False)
        volume = ("-v", f"{self.name}:{self.row.data}") if self.row.data else ()
        env = [word for variable in self.contract.env for word in ("-e", variable)]
        docker(
            "run",
            "-d",
            "--pull=never",
            "--name",
            self.name,
            "--hostname",
            "server",
            *self.labels,
            *volume,
            *env,
            "-v",
            f"{self.secret}:{self.contract.mounted}:ro",
            self.image,
            *self.contract.command,
        )
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        self.ip = docker("inspect", "-f", form, self.name).stdout.strip()
        self.until(lambda: self.exec(self.contract.ready, check=False).code == 0)

    def until(self, true: Callable[[], bool], seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, docker("logs", "--tail", "60", self.name).output
            time.sleep(0.1)

    def exec(self, argv: tuple[str, ...], *, check: bool = True) -> Ran:
        return docker("exec", self.name, *(word.replace("{ip}", self.ip) for word in argv), check=check)

    def stop(self) -> None:
        """Stop it as `docker stop` does. Without an answer to the signal, its status is 137."""
        docker("stop", "-t", "60", self.name)

    def close(self) -> None:
        docker("rm", "-f", "-v", self.name, check=False)
        docker("volume", "rm", "-f", self.name, check=False)


@pytest.fixture
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    secret = tmp_path / "secret"
    secret.write_text(CONTRACTS[request.param].secret)
    secret.chmod(0o644)
    one = Running(request.param, secret)
    yield one
    one.close()


def test_every_row_has_its_contract() -> None:
    assert set(CONTRACTS) == {row.name for row in SERVERS}


#: One that is in no other test, and one of the others, all of which run with --thorough: the whole contract of its datastore
#: starts each server twenty times, with a password in a file, on the same volume again, and within a time to stop.
DISTINCT = ["restic/rest-server:0.13", "postgres:17"]


@pytest.mark.parametrize("running", [row.name for row in SERVERS] if THOROUGH else DISTINCT, indirect=True)
def test_server_keeps_the_contract_of_its_official_image(running: Running) -> None:
    contract = running.contract
    running.start()
    server_runs_as = running.exec(("stat", "-c", "%u", "/proc/1")).stdout.strip()
    assert server_runs_as == str(running.row.uid)
    running.exec(contract.write)
    assert running.exec(contract.read).stdout.strip() == "row"
    if contract.right:
        running.exec(contract.right)
    for argv in contract.refused:
        assert running.exec(argv, check=False).code != 0

    running.stop()
    assert docker("inspect", "-f", "{{.State.ExitCode}}", running.name).stdout.strip() == str(contract.status)

    running.start()
    assert running.exec(contract.read, check=contract.keeps).stdout.strip() == ("row" if contract.keeps else "")
    assert PASSWORD not in docker("logs", running.name).output
