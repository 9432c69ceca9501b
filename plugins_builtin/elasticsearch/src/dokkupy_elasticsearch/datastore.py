"""Elasticsearch, by its official image (https://hub.docker.com/_/elasticsearch), version 8 or later.

Security is enabled. The users are in a file with salted hashes of their passwords, not in the data. A copy of the data
therefore has its own passwords. Apps connect as a user with all permissions on indices who cannot administer the
server. A dump is a snapshot, because a copy of the server's files is not a valid backup.
https://www.elastic.co/guide/en/elasticsearch/reference/8.19/file-realm.html, /snapshot-restore.html
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dokkupy_sdk.names import Secret
from dokkupy_services.files.datastore import END, FORMAT
from dokkupy_services.role import FILES, ContainerConfig, Datastore, Service, ServiceExec

ADMIN = "dokkupy"
ASK = ("curl", "-sSf", "-K", f"{FILES}/curl", "-H", "Content-Type: application/json")
SERVER = "http://127.0.0.1:9200"
ITERATIONS = 10000

SETTINGS = {
    "discovery.type": "single-node",
    "network.host": "0.0.0.0",
    # the port for other nodes of a cluster, of which there are none
    "transport.host": "127.0.0.1",
    "xpack.security.enabled": "true",
    "xpack.security.autoconfiguration.enabled": "false",
    "xpack.security.http.ssl.enabled": "false",
}

ROLES = """\
app:
  cluster: [monitor, manage_index_templates, manage_ingest_pipelines, manage_ilm]
  indices:
    - names: ["*"]
      privileges: [all]
"""


class Elasticsearch(Datastore):
    kind = "elasticsearch"
    title = "Elasticsearch"
    image = "elasticsearch:8.19.7"
    port = 9200
    ports = (9200,)
    scheme = "http"
    alias = "ELASTICSEARCH"
    data = "/usr/share/elasticsearch/data"
    connects = False
    suffix = "tar"
    dump_command = "dokkupy elasticsearch:export SERVICE"
    start_seconds = 180

    def user_of(self, name: str) -> str:
        return "app"

    def container_config(self, service: Service) -> ContainerConfig:
        settings = {**SETTINGS, "path.repo": self.data}
        users = (hashed(service, service.user, service.password), hashed(service, ADMIN, service.root_password))
        return ContainerConfig(
            # With a limit, the server uses half of it. Without one, it would use half of the host's memory.
            env={} if service.memory else {"ES_JAVA_OPTS": Secret("-Xms512m -Xmx512m")},
            files={
                "users": Secret("\n".join(users) + "\n"),
                "users_roles": Secret(f"superuser:{ADMIN}\napp:{service.user}\n"),
                "roles.yml": Secret(ROLES),
                "curl": Secret(f'user = "{ADMIN}:{service.root_password.reveal()}"\n'),
            },
            command=("sh", "-euc", script("start.sh"), "start", *(f"-E{key}={text}" for key, text in settings.items())),
        )

    def url(self, service: Service, hostname: str, port: int) -> str:
        return f"{self.scheme}://{service.user}:{service.password.reveal()}@{hostname}:{port}"

    def ready(self, inside: ServiceExec) -> bool:
        return inside.ok((*ASK, f"{SERVER}/_cluster/health?wait_for_status=yellow&timeout=2s"))

    def version(self, inside: ServiceExec) -> str:
        (node,) = ask(inside, "_nodes/_local?filter_path=nodes.*.version")["nodes"].values()
        return str(node["version"])

    def dump(self, service: Service) -> tuple[str, ...]:
        return ("sh", "-euc", script("ask.sh") + script("dump.sh"), "dump", self.data)

    def restore(self, service: Service) -> tuple[str, ...]:
        return ("sh", "-euc", script("ask.sh") + script("restore.sh"), "restore", self.data)

    def read_import(self, service: Service, head: bytes, pieces: Iterator[bytes]) -> Iterable[bytes]:
        if head[FORMAT] != b"ustar":
            self.refuse_import(service, head)
        return pieces

    def check_dump(self, head: bytes, tail: bytes, size: int) -> str:
        return "" if head[FORMAT] == b"ustar" and END in tail else "the end of the archive is missing"

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        ask(inside, "_refresh?ignore_unavailable=true")
        known = ask(inside, "_resolve/index/*")
        names = [one["name"] for one in known["indices"] if "closed" not in one["attributes"]]
        names += [one["name"] for one in known["data_streams"]]
        found = {"indices": str(len(names))}
        for name in sorted(names):
            mappings = [one["mappings"] for _, one in sorted(ask(inside, f"{name}/_mapping").items())]
            found[f"documents of {name}"] = str(ask(inside, f"{name}/_count")["count"])
            found[f"mapping of {name}"] = hashlib.sha256(json.dumps(mappings, sort_keys=True).encode()).hexdigest()[:32]
        return found


def ask(inside: ServiceExec, path: str) -> dict[str, Any]:
    """The answer to a request by the administrator."""
    answer: dict[str, Any] = json.loads(inside.run((*ASK, f"{SERVER}/{path}")))
    return answer


def hashed(service: Service, name: str, password: Secret) -> str:
    """A line of the file of users. The salt does not change, so that the file does not change either."""
    salt = hashlib.sha256(f"{service.id} {name}".encode()).digest()
    digest = hashlib.pbkdf2_hmac("sha512", password.reveal().encode(), salt, ITERATIONS, 32)
    return f"{name}:{{PBKDF2}}{ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


@cache
def script(name: str) -> str:
    """A constant script, without names or values in it."""
    return (Path(__file__).parent / "scripts" / name).read_text()
