"""Meilisearch, by its official image (https://hub.docker.com/r/getmeili/meilisearch).

The configuration is a file, so that the master key is not in the environment. A database can only be used by the
version that made it, but all later versions can read its dumps.
https://www.meilisearch.com/docs/learn/self_hosted/configure_meilisearch_at_launch
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dokkupy_sdk.names import Secret
from dokkupy_sdk.sizes import memory_bytes
from dokkupy_services.files.datastore import FileDatastore
from dokkupy_services.role import FILES, ContainerConfig, Service, ServiceExec

SERVER = "http://127.0.0.1:7700"
ASK = ("curl", "-sSf", "-m", "20", "-K", f"{FILES}/curl")
GZIP = b"\x1f\x8b"

CONFIG = """\
env = "production"
http_addr = "0.0.0.0:7700"
no_analytics = true
master_key = "%(key)s"
db_path = "%(database)s"
dump_dir = "%(dumps)s"
import_dump = "%(imported)s"
ignore_missing_dump = true
ignore_dump_if_db_exists = true
"""

COMPARED = ("searchableAttributes", "sortableAttributes", "stopWords", "synonyms", "distinctAttribute")
"""The settings of an index that are the same in all versions."""


class Meilisearch(FileDatastore):
    kind = "meilisearch"
    title = "Meilisearch"
    image = "getmeili/meilisearch:v1.53.2"
    port = 7700
    ports = (7700,)
    scheme = "http"
    alias = "MEILISEARCH"
    data = "/meili_data"
    connects = False
    password_length = 16
    suffix = "dump"
    compressed_imports = True

    database = f"{data}/data.ms"
    dumps_directory = f"{data}/.dokkupy-dumps"
    imported = f"{data}/.dokkupy-import.dump"

    def user_of(self, name: str) -> str:
        return "master"  # the server has no users; this is the name of the key

    def container_config(self, service: Service) -> ContainerConfig:
        values = {
            "key": service.password.reveal(),
            "database": self.database,
            "dumps": self.dumps_directory,
            "imported": self.imported,
        }
        config = CONFIG % values
        if service.memory:
            # the default would be two thirds of the host's memory
            config += f'max_indexing_memory = "{memory_bytes(service.memory) * 2 // 3 // 2**20} MiB"\n'
        return ContainerConfig(
            files={
                "meilisearch.toml": Secret(config),
                "curl": Secret(f'header = "Authorization: Bearer {service.password.reveal()}"\n'),
            },
            command=self.started("meilisearch", "--config-file-path", f"{FILES}/meilisearch.toml"),
        )

    def url(self, service: Service, hostname: str, port: int) -> str:
        return f"{self.scheme}://:{service.password.reveal()}@{hostname}:{port}"

    def answers(self, service: Service) -> tuple[str, ...]:
        return (*ASK, f"{SERVER}/health")

    def version(self, inside: ServiceExec) -> str:
        return str(ask(inside, "version")["pkgVersion"])

    def dump(self, service: Service) -> tuple[str, ...]:
        return ("sh", "-euc", script("dump.sh"), "dump", self.dumps_directory)

    def restore(self, service: Service) -> tuple[str, ...]:
        words = (self.database, self.imported, *self.answers(service))
        return ("sh", "-euc", script("restore.sh"), "restore", *words)

    def read_import(self, service: Service, head: bytes, pieces: Iterator[bytes]) -> Iterable[bytes]:
        if not head.startswith(GZIP):
            self.refuse_import(service, head)
        return pieces

    def check_dump(self, head: bytes, tail: bytes, size: int) -> str:
        return "" if head.startswith(GZIP) else "it does not begin as one"

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        counts = ask(inside, "stats")["indexes"]
        found = {"indexes": str(len(counts))}
        for one in ask(inside, "indexes?limit=100000")["results"]:
            uid = one["uid"]
            settings = ask(inside, f"indexes/{uid}/settings")
            kept = {"primaryKey": one["primaryKey"], **{key: settings.get(key) for key in COMPARED}}
            found[f"documents of {uid}"] = str(counts[uid]["numberOfDocuments"])
            found[f"settings of {uid}"] = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:32]
        return found


def ask(inside: ServiceExec, path: str) -> dict[str, Any]:
    """The answer to a request with the master key."""
    answer: dict[str, Any] = json.loads(inside.run((*ASK, f"{SERVER}/{path}")))
    return answer


@cache
def script(name: str) -> str:
    """A constant script, without names or values in it."""
    return (Path(__file__).parent / "scripts" / name).read_text()
