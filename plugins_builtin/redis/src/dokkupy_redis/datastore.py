"""Redis, by its official image (https://hub.docker.com/_/redis), version 7 or later.

Apps connect as the user `default`, whose name need not be in a URL. Therefore every client works, also those from
before Redis 6, which introduced users, and the URLs are the same as Dokku's. This user has all commands except those
that administer the server (@admin: ACL, CONFIG SET, SHUTDOWN, REPLICAOF, DEBUG...), as in managed Redis services. The
administrator is another user. Its password is in a file that only the container and the host's root can read. Programs
pass it to redis-cli by the environment, never as an argument.
https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from dokkupy_sdk.names import Secret
from dokkupy_services.role import ContainerConfig, Datastore, Service, ServiceExec

from dokkupy_redis import rdb

ADMIN = "dokkupy"
ADMINISTERS_NOTHING = "+@all -@admin +client +config|get +latency +slowlog +role +lastsave +module|list"
"""The permissions of apps: everything except @admin, and those commands of @admin that only read, because clients use
them."""

CONFIG = """\
dir /data
aclfile /data/users.acl
protected-mode no
# kill -9 of the server loses nothing, a power cut at most the last second.
appendonly yes
appendfsync everysec
# redis-cli gets the length of a dump that is written first, and can miss nothing of it.
repl-diskless-sync no
"""


class Redis(Datastore):
    kind = "redis"
    title = "Redis"
    image = "redis:8"
    port = 6379
    ports = (6379,)
    scheme = "redis"
    alias = "REDIS"
    data = "/data"
    suffix = "rdb"
    dump_command = "redis-cli -h SERVER --rdb -"
    import_magics = (rdb.MAGIC, rdb.FIRST)

    def user_of(self, name: str) -> str:
        return "default"

    def container_config(self, service: Service) -> ContainerConfig:
        users = (
            f"user default on #{digest(service.password)} ~* &* {ADMINISTERS_NOTHING}\n"
            f"user {ADMIN} on #{digest(service.root_password)} ~* &* +@all\n"
        )
        return ContainerConfig(
            files={"redis.conf": Secret(CONFIG), "users.acl": Secret(users), "password": service.root_password},
            command=("sh", "-euc", script("start.sh"), "redis"),
        )

    def url(self, service: Service, hostname: str, port: int) -> str:
        return f"{self.scheme}://:{quote(service.password.reveal(), safe='')}@{hostname}:{port}"

    def ask(self, inside: ServiceExec, *words: str) -> str:
        return inside.run((*self.connect(inside.service), "-e", *words)).strip()

    def ready(self, inside: ServiceExec) -> bool:
        # It does not answer PONG while it loads its data.
        return inside.ok((*self.connect(inside.service), "-e", "PING"))

    def version(self, inside: ServiceExec) -> str:
        lines = self.ask(inside, "INFO", "server").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("redis_version:"))

    def connect(self, service: Service) -> tuple[str, ...]:
        return ("sh", "-euc", script("client.sh"), "redis-cli")

    def dump(self, service: Service) -> tuple[str, ...]:
        return ("sh", "-euc", script("client.sh") + script("dump.sh"), "dump")

    def export(self, service: Service) -> tuple[str, ...]:
        return (*self.connect(service), "--rdb", "-")

    def restore(self, service: Service) -> tuple[str, ...]:
        # The server that loads the dump gets the options of the service, such as its modules and its number of
        # databases.
        options = shlex.split(service.config_options)
        return ("sh", "-euc", script("client.sh") + script("restore.sh"), "restore", *options)

    def check_dump(self, head: bytes, tail: bytes, size: int) -> str:
        return rdb.check(head, tail, size)

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        argv = ("sh", "-euc", script("client.sh") + script("facts.sh"), "facts", script("facts.lua"))
        rows = (line.partition("\t") for line in inside.run(argv, timeout=3600).splitlines())
        return {name: value for name, _, value in rows}

    def keeps_data(self, old: str, new: str) -> bool:
        # The format of the data changes between minor versions (7.0, 7.2 and 7.4 each have their own, see RDB_VERSION
        # in src/rdb.h), and an older server cannot read a newer format.
        return old.split(".")[:2] == new.split(".")[:2]


def script(name: str) -> str:
    """A constant script, without names or values in it."""
    return (Path(__file__).parent / "scripts" / name).read_text()


def digest(password: Secret) -> str:
    return hashlib.sha256(password.reveal().encode()).hexdigest()
