"""NATS with JetStream, by its official image (https://hub.docker.com/_/nats), version 2.9 or later.

The image is the one with Alpine, because a shell is required and the plain one only contains the server. Apps connect
as a user of the account `APPS`. The system account has no user, so nobody can administer the server over the network.
The monitoring has no users, so it only listens on loopback. https://docs.nats.io/running-a-nats-service/configuration
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dokkupy_sdk.names import Secret
from dokkupy_sdk.sizes import memory_bytes
from dokkupy_services.files.datastore import FileDatastore
from dokkupy_services.role import FILES, ContainerConfig, Service, ServiceExec

MONITORING = "http://127.0.0.1:8222"
ASK = ("wget", "-q", "-T", "5", "-O", "-")
DETAILS = "jsz?acc=APPS&streams=true&consumers=true&config=true"

CONFIG = """\
port: 4222
http: "127.0.0.1:8222"
jetstream: { store_dir: "%(data)s"%(memory)s }
accounts: {
  APPS: { jetstream: enabled, users: [ { user: "%(user)s", password: "%(password)s" } ] }
  SYS: {}
}
system_account: SYS
"""


class Nats(FileDatastore):
    kind = "nats"
    title = "NATS"
    image = "nats:2-alpine"
    port = 4222
    ports = (4222,)
    scheme = "nats"
    alias = "NATS"
    data = "/data"
    connects = False
    stop_seconds = 30

    def container_config(self, service: Service) -> ContainerConfig:
        limit = memory_bytes(service.memory) if service.memory else 0
        values = {
            "data": self.data,
            "user": service.user,
            "password": service.password.reveal(),
            # By default, streams in memory may have three quarters of the host's memory.
            "memory": f", max_memory_store: {limit // 2}" if limit else "",
        }
        return ContainerConfig(
            env={"GOMEMLIMIT": Secret(str(limit * 4 // 5))} if limit else {},
            files={"nats.conf": Secret(CONFIG % values)},
            command=self.started("nats-server", "--config", f"{FILES}/nats.conf"),
        )

    def url(self, service: Service, hostname: str, port: int) -> str:
        return f"{self.scheme}://{service.user}:{service.password.reveal()}@{hostname}:{port}"

    def answers(self, service: Service) -> tuple[str, ...]:
        return (*ASK, f"{MONITORING}/healthz")  # with JetStream, so only after it recovered its streams

    def version(self, inside: ServiceExec) -> str:
        return str(monitored(inside, "varz")["version"])

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        found = {}
        for stream in streams(inside):
            name, config, state = stream["name"], stream["config"], stream["state"]
            found[f"stream {name}"] = (
                f"{' '.join(config.get('subjects', []))}, {config['retention']}, {config['storage']}"
            )
            for consumer in stream.get("consumer_detail") or []:
                if consumer.get("config", {}).get("durable_name"):
                    found[f"consumer {name}/{consumer['name']}"] = str(consumer["ack_floor"]["stream_seq"])
            # Ephemeral consumers and data in memory are left out, because they vanish by themselves.
            if not config.get("max_age") and config["storage"] == "file":
                found[f"messages of {name}"] = f"{state['messages']} of {state['first_seq']} to {state['last_seq']}"
        return {"streams": str(sum(key.startswith("stream ") for key in found)), **found}


def streams(inside: ServiceExec) -> Iterator[dict[str, Any]]:
    for account in monitored(inside, DETAILS).get("account_details") or []:
        yield from account.get("stream_detail") or []


def monitored(inside: ServiceExec, path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(inside.run((*ASK, f"{MONITORING}/{path}")))
    return found
