"""Typesense, by its official image (https://hub.docker.com/r/typesense/typesense).

The key is in a file, so that it is not in the environment. The image has no client, so bash sends the requests.
https://typesense.org/docs/guide/configure-typesense.html, /docs/guide/backups.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dokkupy_sdk.names import Secret
from dokkupy_services.files.datastore import FileDatastore
from dokkupy_services.role import FILES, ContainerConfig, Service, ServiceExec

CONFIG = """\
[server]
data-dir = {data}
api-key = {key}
api-address = 0.0.0.0
api-port = 8108
peering-address = 127.0.0.1
"""


class Typesense(FileDatastore):
    """Typesense. Its dump is a snapshot. Everything else is like for other datastores whose dump is an archive of
    files."""

    kind = "typesense"
    title = "Typesense"
    image = "typesense/typesense:30.2"
    port = 8108
    ports = (8108,)
    scheme = "typesense"
    alias = "TYPESENSE"
    data = "/data"
    connects = False
    snapshot_seconds = 3600

    def user_of(self, name: str) -> str:
        return "admin"  # the server has no users; this is the name of the key

    def container_config(self, service: Service) -> ContainerConfig:
        key = service.password.reveal()
        shell, *words = self.started("/opt/typesense-server", f"--config={FILES}/typesense.ini")
        return ContainerConfig(
            files={"typesense.ini": Secret(CONFIG.format(data=self.data, key=key)), "key": service.password},
            command=tuple(words),
            options=("--entrypoint", shell),  # the entry point of the image is the server
        )

    def url(self, service: Service, hostname: str, port: int) -> str:
        return f"{self.scheme}://:{service.password.reveal()}@{hostname}:{port}"

    def answers(self, service: Service) -> tuple[str, ...]:
        return asking("/health")

    def version(self, inside: ServiceExec) -> str:
        return str(ask(inside, "/debug")["version"])

    def dump(self, service: Service) -> tuple[str, ...]:
        text = script("ask.sh") + script("dump.sh")
        return ("bash", "-euo", "pipefail", "-c", text, "dump", self.data, str(self.snapshot_seconds))

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        collections = ask(inside, "/collections")
        found = {"collections": str(len(collections))}
        for one in collections:
            fields = [(field["name"], field["type"]) for field in one["fields"]]
            found[f"documents of {one['name']}"] = str(one["num_documents"])
            found[f"fields of {one['name']}"] = hashlib.sha256(json.dumps(fields).encode()).hexdigest()[:32]
        for one in ask(inside, "/aliases")["aliases"]:
            found[f"alias {one['name']}"] = str(one["collection_name"])
        return found


def asking(path: str) -> tuple[str, ...]:
    return ("bash", "-euo", "pipefail", "-c", script("ask.sh") + 'ask GET "$1"', "ask", path)


def ask(inside: ServiceExec, path: str) -> Any:
    return json.loads(inside.run(asking(path)))


@cache
def script(name: str) -> str:
    """A constant script, without names or values in it."""
    return (Path(__file__).parent / "scripts" / name).read_text()
