"""CouchDB, by its official image (https://hub.docker.com/_/couchdb), version 3.

The administrators are in a file with salted hashes of their passwords, not in the data. A copy of the data therefore
has its own passwords. As in Dokku, apps connect as an administrator, because only administrators can create databases.
Dokkupy itself uses another administrator. https://docs.couchdb.org/en/stable/config/auth.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.names import Secret
from dokkupy_services.files.datastore import FileDatastore
from dokkupy_services.role import FILES, ContainerConfig, Service, ServiceExec

ADMIN = "dokkupy"
SERVER = "http://127.0.0.1:5984"
ASK = ("curl", "-sS", "-K", f"{FILES}/curl")
ITERATIONS = 10000

# The image's own entry point runs the server as its user.
START = """\
settings=/opt/couchdb/etc/local.d/dokkupy.ini
cp /run/dokkupy/couchdb.ini "$settings"
for option; do
  case $option in
  [a-z]*.[a-z]*=*) printf '[%s]\\n%s\\n' "${option%%.*}" "${option#*.}" >>"$settings" ;;
  *)
    echo "$option is not SECTION.KEY=VALUE" >&2
    exit 1
    ;;
  esac
done
exec /docker-entrypoint.sh /opt/couchdb/bin/couchdb
"""

CONFIG = """\
[couchdb]
single_node = true
uuid = {uuid}
[chttpd_auth]
secret = {secret}
[admins]
{admins}
"""

TRANSIENT = ("_replicator", "_global_changes")
"""Databases that the server itself changes, so they are no invariants."""


class CouchDB(FileDatastore):
    kind = "couchdb"
    title = "CouchDB"
    image = "couchdb:3.5"
    port = 5984
    ports = (5984,)
    scheme = "http"
    alias = "COUCHDB"
    data = "/opt/couchdb/data"
    connects = False

    def database_of(self, name: str) -> str:
        return "app"  # the same in every service, because a dump of files contains the name of the database

    def user_of(self, name: str) -> str:
        return "app"

    def container_config(self, service: Service) -> ContainerConfig:
        admins = (hashed(service, service.user, service.password), hashed(service, ADMIN, service.root_password))
        config = CONFIG.format(
            # replications store their position under this id
            uuid=hashlib.sha256(service.id.encode()).hexdigest()[:32],
            # so that cookies stay valid after a restart
            secret=hashlib.sha256(f"cookies {service.root_password.reveal()}".encode()).hexdigest(),
            admins="\n".join(admins),
        )
        return ContainerConfig(
            files={
                "couchdb.ini": Secret(config),
                "curl": Secret(f'user = "{ADMIN}:{service.root_password.reveal()}"\n'),
            },
            command=self.started("sh", "-euc", START, "start"),
        )

    def url(self, service: Service, hostname: str, port: int) -> str:
        return f"{self.scheme}://{service.user}:{service.password.reveal()}@{hostname}:{port}/{service.database}"

    def answers(self, service: Service) -> tuple[str, ...]:
        return (*ASK, "-f", f"{SERVER}/_up")

    def secure(self, inside: ServiceExec) -> None:
        answer = ask(inside, inside.service.database, "-X", "PUT")
        if answer.get("error") not in (None, "file_exists"):
            raise HostError(
                f"{inside.service.subject}: the server made no database: {answer['reason']}",
                hint=f"Its log may say why: {inside.service.kind}:logs {inside.service.name}",
            )

    def version(self, inside: ServiceExec) -> str:
        return str(ask(inside, "")["version"])

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        names = [name for name in ask(inside, "_all_dbs") if name not in TRANSIENT]
        found = {"databases": str(len(names))}
        for name in names:
            path = quote(name, safe="")
            about, designs = ask(inside, path), ask(inside, f"{path}/_design_docs")
            found[f"documents of {name}"] = f"{about['doc_count']}, {about['doc_del_count']} deleted"
            revisions = [f"{row['id']} {row['value']['rev']}" for row in designs["rows"]]
            found[f"design of {name}"] = hashlib.sha256("\n".join(revisions).encode()).hexdigest()[:32]
        return found


def ask(inside: ServiceExec, path: str, *options: str) -> Any:
    """The answer to a request by the administrator. For a refused request, it has `error` and `reason`."""
    return json.loads(inside.run((*ASK, *options, f"{SERVER}/{path}")))


def hashed(service: Service, name: str, password: Secret) -> str:
    """A line of the file of administrators. The salt does not change, so that the file does not change either."""
    salt = hashlib.sha256(f"{service.id} {name}".encode()).hexdigest()[:32]
    digest = hashlib.pbkdf2_hmac("sha1", password.reveal().encode(), salt.encode(), ITERATIONS, 20).hex()
    return f"{name} = -pbkdf2-{digest},{salt},{ITERATIONS}"
