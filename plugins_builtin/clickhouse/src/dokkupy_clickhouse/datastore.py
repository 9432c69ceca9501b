"""ClickHouse, by its official image (https://hub.docker.com/r/clickhouse/clickhouse-server).

Apps connect as a user with rights on the service's database alone. The administrator is another user. The image's user
`default` has no password, so it is removed. https://clickhouse.com/docs/operations/settings/settings-users
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from dokkupy_sdk.names import Secret
from dokkupy_sdk.sizes import memory_bytes
from dokkupy_services.files.datastore import FileDatastore
from dokkupy_services.role import FILES, ContainerConfig, Service, ServiceExec

ADMIN = "dokkupy"
ASK = ("clickhouse-client", "--config-file", f"{FILES}/client.xml")

# The image's own entry point starts the server as its user. Old and new versions accept this root element of the
# configuration.
START = """\
mkdir -p /etc/clickhouse-server/config.d /etc/clickhouse-server/users.d
cp /run/dokkupy/server.xml /etc/clickhouse-server/config.d/dokkupy.xml
cp /run/dokkupy/users.xml /etc/clickhouse-server/users.d/dokkupy.xml
exec /entrypoint.sh "$@"
"""

SERVER = """\
<yandex>
  <listen_host>0.0.0.0</listen_host>
  <interserver_http_port remove="remove"/>
  <logger><console>1</console></logger>
  {memory}
</yandex>
"""

USERS = """\
<yandex>
  <users>
    <default remove="remove"/>
    {users}
  </users>
</yandex>
"""

USER = (
    "<{name}><password_sha256_hex>{password}</password_sha256_hex><networks><ip>::/0</ip></networks>"
    "<profile>default</profile><quota>default</quota>{rights}</{name}>"
)

CLIENT = "<config><user>{user}</user><password>{password}</password></config>\n"

TABLES = """
SELECT database, name, engine FROM system.tables
WHERE database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema') ORDER BY database, name FORMAT TabSeparated
"""
COLUMNS = "SELECT name, type FROM system.columns WHERE database = '{database}' AND table = '{table}' ORDER BY name"
CONTENT = "SELECT count(), sum(cityHash64(*)) FROM `{database}`.`{table}`"


class ClickHouse(FileDatastore):
    kind = "clickhouse"
    title = "ClickHouse"
    image = "clickhouse/clickhouse-server:25.8"
    port = 9000
    ports = (9000, 8123)
    scheme = "clickhouse"
    alias = "CLICKHOUSE"
    data = "/var/lib/clickhouse"

    def database_of(self, name: str) -> str:
        return "app"  # the same in every service, because a dump of files contains the name of the database

    def user_of(self, name: str) -> str:
        return "app"

    def container_config(self, service: Service) -> ContainerConfig:
        limit = memory_bytes(service.memory) * 4 // 5 if service.memory else 0
        memory = f"<max_server_memory_usage>{limit}</max_server_memory_usage>" if limit else ""
        rights = f"<allow_databases><database>{service.database}</database></allow_databases>"
        users = (
            USER.format(name=service.user, password=hashed(service.password), rights=rights),
            USER.format(name=ADMIN, password=hashed(service.root_password), rights=""),
        )
        return ContainerConfig(
            env={"CLICKHOUSE_SKIP_USER_SETUP": Secret("1")},
            files={
                "server.xml": Secret(SERVER.format(memory=memory)),
                "users.xml": Secret(USERS.format(users="\n    ".join(users))),
                "client.xml": Secret(CLIENT.format(user=ADMIN, password=service.root_password.reveal())),
            },
            command=self.started("sh", "-euc", START, "start"),
        )

    def url(self, service: Service, hostname: str, port: int) -> str:
        return f"{self.scheme}://{service.user}:{service.password.reveal()}@{hostname}:{port}/{service.database}"

    def answers(self, service: Service) -> tuple[str, ...]:
        return (*ASK, "--query", "SELECT 1")

    def connect(self, service: Service) -> tuple[str, ...]:
        return (*ASK, "--database", service.database)

    def secure(self, inside: ServiceExec) -> None:
        ask(inside, f"CREATE DATABASE IF NOT EXISTS `{inside.service.database}`")

    def version(self, inside: ServiceExec) -> str:
        return ask(inside, "SELECT version()").strip()

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        found = {}
        for line in ask(inside, TABLES).splitlines():
            database, table, engine = line.split("\t")
            key, names = f"{database}.{table}", {"database": database, "table": table}
            found[f"columns of {key}"] = digest(ask(inside, COLUMNS.format_map(names)))
            # Views and tables on other servers are left out, because they are not content of this server.
            if engine.endswith(("MergeTree", "Log")):
                found[f"rows of {key}"] = " ".join(ask(inside, CONTENT.format_map(names)).split())
        return {"tables": str(sum(key.startswith("columns ") for key in found)), **found}


def ask(inside: ServiceExec, query: str) -> str:
    """The answer to a query. It runs as the administrator and is passed on standard input."""
    return inside.run(ASK, stdin=query.encode())


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def hashed(password: Secret) -> str:
    return hashlib.sha256(password.reveal().encode()).hexdigest()
