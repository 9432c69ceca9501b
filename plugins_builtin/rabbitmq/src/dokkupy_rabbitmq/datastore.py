"""RabbitMQ, by its official image (https://hub.docker.com/_/rabbitmq), version 3.10 or later.

The server imports the users at its start, with salted hashes of their passwords. Therefore no password is in the
container, and the well-known user `guest` never exists. Apps connect as a user who may do everything in the service's
virtual host and nothing elsewhere. The administrator is another user. The Erlang node only listens on loopback, because
anyone with its cookie can administer everything. https://www.rabbitmq.com/docs/definitions, /docs/passwords
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
"""A file beside the data, with the definitions that were imported into it."""


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
                # The data directory has the node's name, so the name must be the same in every container.
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
        # A server that answers has imported the definitions. From now on it starts without them (start.sh).
        inside.run(["cp", f"{FILES}/definitions.json", f"{self.data}/{IMPORTED}"])

    def version(self, inside: ServiceExec) -> str:
        return inside.run(["rabbitmq-diagnostics", "-q", "server_version"]).strip()

    def keeps_data(self, old: str, new: str) -> bool:
        # Only patch releases share data, because a node cannot return to an earlier series, as `revert` requires.
        # https://www.rabbitmq.com/docs/upgrade#rolling-upgrade-versions
        return old.split(".")[:2] == new.split(".")[:2]


def config(service: Service) -> str:
    # Without this setting, publishers are blocked at a share of the machine's memory, not of the container's.
    return f"total_memory_available_override_value = {int(service.memory) * 2**20}\n" if service.memory else ""


def definitions(service: Service) -> str:
    """The virtual host, users and permissions that exist from the start. https://www.rabbitmq.com/docs/definitions"""
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
    """The hash of a password (https://www.rabbitmq.com/docs/passwords#computing-password-hash). The salt does not
    change, so that the file does not change either."""
    salt = hashlib.sha256(f"{service.id} {name}".encode()).digest()[:4]
    return base64.b64encode(salt + hashlib.sha256(salt + password.reveal().encode()).digest()).decode()


def script(name: str) -> str:
    """A constant script, without names or values in it."""
    return (Path(__file__).parent / "scripts" / name).read_text()
