"""RabbitMQ, by its official image (https://hub.docker.com/_/rabbitmq), version 3.10 or later.

The users are imported when the server starts, with salted hashes of their passwords, so that no password is in the
container and the well-known `guest` is never made. Apps come as a user who may do everything in the service's virtual host
and nothing elsewhere; the administrator is a user of its own. The Erlang node listens on loopback alone: of its
distribution, who has the cookie administers everything. https://www.rabbitmq.com/docs/definitions, /docs/passwords
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from dokkupy_sdk.names import Secret
from dokkupy_services.role import FILES, ContainerConfig, Datastore, Service, ServiceExec

ADMIN = "dokkupy"
ALL = {"configure": ".*", "write": ".*", "read": ".*"}

IMPORTED = ".dokkupy-definitions.json"
"""Beside the data: the definitions that are in it."""


class RabbitMQ(Datastore):
    kind = "rabbitmq"
    title = "RabbitMQ"
    image = "rabbitmq:4"
    port = 5672
    ports = (5672, 4369, 35197, 15672)
    scheme = "amqp"
    alias = "RABBITMQ"
    data = "/var/lib/rabbitmq"
    dumps = False
    connects = False

    def user_of(self, name: str) -> str:
        user = super().user_of(name)
        return f"{user}_app" if user == ADMIN else user

    def container_config(self, service: Service) -> ContainerConfig:
        return ContainerConfig(
            env={
                # The data lies under the node's name: this one is the same in every container.
                "RABBITMQ_NODENAME": Secret("rabbit@localhost"),
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": Secret("-kernel inet_dist_use_interface {127,0,0,1}"),
                "ERL_EPMD_ADDRESS": Secret("127.0.0.1"),
            },
            files={"rabbitmq.conf": Secret(config(service)), "definitions.json": Secret(definitions(service))},
            command=("bash", "-euo", "pipefail", "-c", script("start.sh"), "rabbitmq"),
        )

    def url(self, service: Service, hostname: str, port: int) -> str:
        return f"{self.scheme}://{service.user}:{service.password.reveal()}@{hostname}:{port}/{service.database}"

    def ready(self, inside: ServiceExec) -> bool:
        return inside.ok(["bash", "-euo", "pipefail", "-c", script("ready.sh")])

    def secure(self, inside: ServiceExec) -> None:
        # The server that answers has imported them: from now on it starts without (start.sh).
        inside.run(["cp", f"{FILES}/definitions.json", f"{self.data}/{IMPORTED}"])

    def version(self, inside: ServiceExec) -> str:
        return inside.run(["rabbitmq-diagnostics", "-q", "server_version"]).strip()

    def keeps_data(self, old: str, new: str) -> bool:
        # Patch releases only: a node does not go back to an earlier series, and `revert` would promise that.
        # https://www.rabbitmq.com/docs/upgrade#rolling-upgrade-versions
        return old.split(".")[:2] == new.split(".")[:2]


def config(service: Service) -> str:
    # The share of the memory that is used before publishers are held back is of the machine's, unless it is set.
    return f"total_memory_available_override_value = {int(service.memory) * 2**20}\n" if service.memory else ""


def definitions(service: Service) -> str:
    """What is there from the start. https://www.rabbitmq.com/docs/definitions"""
    users = (service.user, service.password, ""), (ADMIN, service.root_password, "administrator")
    return json.dumps(
        {
            "vhosts": [{"name": service.database}],
            "users": [
                {
                    "name": name,
                    "password_hash": digest(service, name, password),
                    "tags": [tag] if tag else [],
                    "hashing_algorithm": "rabbit_password_hashing_sha256",
                }
                for name, password, tag in users
            ],
            "permissions": [{"user": name, "vhost": service.database, **ALL} for name, _, _ in users],
        }
    )


def digest(service: Service, name: str, password: Secret) -> str:
    """https://www.rabbitmq.com/docs/passwords#computing-password-hash; the salt is the same each time, as the file is."""
    salt = hashlib.sha256(f"{service.id} {name}".encode()).digest()[:4]
    return base64.b64encode(salt + hashlib.sha256(salt + password.reveal().encode()).digest()).decode()


def script(name: str) -> str:
    """A constant program: nothing in it is made of a name or a value."""
    return (Path(__file__).parent / "scripts" / name).read_text()
