"""MongoDB, by its official image (https://hub.docker.com/_/mongo).

Apps connect as a user of their database who may read, write and administer only that database. The administrator is the
image's root user. Its password is in files that only the container and the host's root can read, and programs read it
from there. https://www.mongodb.com/docs/manual/, https://www.mongodb.com/docs/database-tools/
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
from dokkupy_services.role import FILES, HANGS, ContainerConfig, Datastore, Service, ServiceExec

ADMIN = "dokkupy"
RESERVED = ("admin", "config", "local")
"""Databases that always exist."""

GZIP, ARCHIVE = b"\x1f\x8b", struct.pack("<I", 0x8199E26D)
"""The first bytes of mongodump's archives, compressed or not (mongo-tools, common/archive/archive.go)."""

COMPLETE = b"\xff\xff\xff\xff"
"""The end of each collection in an archive (terminatorBytes in the same file)."""

HEADER, TRAILER = b"DOKKUPY-MONGO 1 ", b"DOKKUPY-MONGO END\n"
"""The lines around our dumps: the name of the database, and a mark that mongodump finished."""

HELLO = "".join(
    f"\\x{byte:02x}"
    for byte in struct.pack("<iiii", 52, 1, 0, 2013)  # length, request id, response to none, OP_MSG
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

    def shell(self, inside: ServiceExec, *scripts: str, timeout: float = HANGS) -> str:
        return inside.run((*BASH, script("shell.sh"), "shell", program(inside.service, *scripts)), timeout=timeout)

    def ready(self, inside: ServiceExec) -> bool:
        return inside.ok((*BASH, script("ready.sh"), "ready", HELLO), timeout=30)

    def secure(self, inside: ServiceExec) -> None:
        self.shell(inside, "secure.js")

    def version(self, inside: ServiceExec) -> str:
        # The version of the program is that of the server. `mongod --version` is immediate, while the shell takes a
        # second of CPU.
        found = re.search(r"^db version v(\S+)", inside.run(("mongod", "--version")), re.MULTILINE)
        if found is None:
            raise HostError(
                f"The version of {inside.service.subject} is not in what mongod --version prints",
                hint="Use an official image of MongoDB, or one with its program mongod.",
            )
        return found[1]

    def connect(self, service: Service) -> tuple[str, ...]:
        # HOME is not the data directory, as it is for the image's user, because the shell writes its history and logs
        # there.
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
        # Patch releases do not change the format of the data
        # (https://www.mongodb.com/docs/manual/reference/versioning/).
        return old.split(".")[:2] == new.split(".")[:2]


def script(name: str) -> str:
    """A constant script, without names or values in it."""
    return (Path(__file__).parent / "scripts" / name).read_text()


def program(service: Service, *scripts: str) -> str:
    """The input of the shell: the service, the login, then these scripts."""
    about = {"admin": ADMIN, "database": service.database, "user": service.user}
    # `var`, not `const`, so that users at the prompt of `connect` can reuse these names.
    return "\n".join([f"var service = {json.dumps(about)}", *map(script, ("login.js", *scripts))])
