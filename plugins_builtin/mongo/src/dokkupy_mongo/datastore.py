"""MongoDB, by its official image (https://hub.docker.com/_/mongo).

Apps come as a user that lives in their database and may read, write and administer that one alone. The administrator is
the image's root user; his password lies in files that only the container and root of the host can read, and programs take
it from there. https://www.mongodb.com/docs/manual/, https://www.mongodb.com/docs/database-tools/
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.names import Secret
from dokkupy_services.role import FILES, ContainerConfig, Datastore, Service, ServiceExec

ADMIN = "dokkupy"
RESERVED = ("admin", "config", "local")
"""Databases that are always there."""

GZIP, ARCHIVE = b"\x1f\x8b", struct.pack("<I", 0x8199E26D)
"""The first bytes of mongodump's archives, compressed or not (mongo-tools, common/archive/archive.go)."""

COMPLETE = b"\xff\xff\xff\xff"
"""What each collection of an archive ends with (terminatorBytes in the same place)."""

HEADER, TRAILER = b"DOKKUPY-MONGO 1 ", b"DOKKUPY-MONGO END\n"
"""Around our own dumps: the name of the database, and that mongodump came to its end."""

HELLO = "".join(
    f"\\x{byte:02x}"
    for byte in struct.pack("<iiii", 52, 1, 0, 2013)  # length, number, answer to nothing, OP_MSG
    + struct.pack("<ix", 0)  # no flags, one document
    + struct.pack("<i", 31)
    + b"\x10hello\0\1\0\0\0"
    + b"\x02$db\0\6\0\0\0admin\0"
    + b"\0"
)
"""`{hello: 1, $db: "admin"}`, for printf (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/)."""

BASH = ("bash", "-euo", "pipefail", "-c")


class Mongo(Datastore):
    kind = "mongo"
    title = "Mongo"
    image = "mongo:8"
    port = 27017
    ports = (27017, 27018, 27019, 28017)
    scheme = "mongodb"
    alias = "MONGO"
    data = "/data/db"
    suffix = "archive"
    dumps_all = False
    dump_command = "mongodump --db=DATABASE --archive --gzip"
    import_magics = (HEADER, ARCHIVE, GZIP)
    compressed_imports = True

    def database_of(self, name: str) -> str:
        database = super().database_of(name)
        return f"{database}_app" if database.lower() in RESERVED else database

    def container_config(self, service: Service) -> ContainerConfig:
        root = service.root_password
        return ContainerConfig(
            env={
                "MONGO_INITDB_ROOT_USERNAME": Secret(ADMIN),
                "MONGO_INITDB_ROOT_PASSWORD_FILE": Secret(f"{FILES}/root-password"),
            },
            files={
                "root-password": root,
                "password": service.password,
                "tools.yaml": Secret(f"password: {json.dumps(root.reveal())}\n"),
            },
        )

    def url(self, service: Service, hostname: str, port: int) -> str:
        password = quote(service.password.reveal(), safe="")
        return f"{self.scheme}://{service.user}:{password}@{hostname}:{port}/{service.database}"

    def shell(self, inside: ServiceExec, *scripts: str, timeout: float = 60) -> str:
        return inside.run((*BASH, script("shell.sh"), "shell", program(inside.service, *scripts)), timeout=timeout)

    def ready(self, inside: ServiceExec) -> bool:
        return inside.ok((*BASH, script("ready.sh"), "ready", HELLO), timeout=30)

    def secure(self, inside: ServiceExec) -> None:
        self.shell(inside, "secure.js")

    def version(self, inside: ServiceExec) -> str:
        # The container has one server: its program answers at once, the shell after a second of a processor.
        found = re.search(r"^db version v(\S+)", inside.run(("mongod", "--version")), re.MULTILINE)
        if found is None:
            raise HostError(f"The version of {inside.service.subject} is not in what mongod --version prints")
        return found[1]

    def connect(self, service: Service) -> tuple[str, ...]:
        # Not in the data directory, which is the home of the image's user, with the shell's history and logs.
        return ("env", "HOME=/tmp", "mongosh", "--quiet", "--nodb", "--shell", "--eval", program(service))

    def dump(self, service: Service) -> tuple[str, ...]:
        return (*BASH, script("dump.sh"), "dump", service.database, ADMIN)

    def export(self, service: Service) -> tuple[str, ...]:
        return (*self.export_all(service), f"--db={service.database}")

    def export_all(self, service: Service) -> tuple[str, ...]:
        return (
            "mongodump",
            "--host=127.0.0.1",
            f"--username={ADMIN}",
            "--authenticationDatabase=admin",
            f"--config={FILES}/tools.yaml",
            "--archive",
            "--gzip",
        )

    def restore(self, service: Service) -> tuple[str, ...]:
        programs = program(service, "empty.js"), program(service, "secure.js")
        return (*BASH, script("restore.sh"), "restore", service.database, ADMIN, *programs)

    def check_dump(self, head: bytes, tail: bytes, size: int) -> str:
        if head.startswith(HEADER):
            return "" if tail.endswith(COMPLETE + TRAILER) else "its end is missing"
        if head.startswith(ARCHIVE):
            return "" if tail.endswith(COMPLETE) else "it ends in the middle of a collection"
        if head.startswith(GZIP):
            return ""
        return "it is not an archive of mongodump"

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        found: dict[str, str] = json.loads(self.shell(inside, "facts.js", timeout=6 * 3600))
        return found

    def keeps_data(self, old: str, new: str) -> bool:
        # https://www.mongodb.com/docs/manual/reference/versioning/: patch releases change nothing of the data's format.
        return old.split(".")[:2] == new.split(".")[:2]


def script(name: str) -> str:
    """A constant program: nothing in it is made of a name or a value."""
    return (Path(__file__).parent / "scripts" / name).read_text()


def program(service: Service, *scripts: str) -> str:
    """The input of the shell: whom it is about, how to log in, and then these scripts."""
    about = {"admin": ADMIN, "database": service.database, "user": service.user}
    # No `const`: at the prompt of `connect` these are names like others.
    return "\n".join([f"var service = {json.dumps(about)}", *map(script, ("login.js", *scripts))])
