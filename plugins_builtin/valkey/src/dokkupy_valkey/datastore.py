"""Valkey, by its official image (https://hub.docker.com/r/valkey/valkey)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from dokkupy_sdk.names import Secret
from dokkupy_services.role import ContainerConfig, Datastore, Service, ServiceExec

# Scripts are constant. Names and values are arguments or standard input, and passwords are read from a file in the
# container.
ASK = 'ask() { REDISCLI_AUTH=$(cat /run/dokkupy/password) valkey-cli --user dokkupy "$@"; }\n'

ADMIN = "dokkupy"
ADMINISTERS_NOTHING = "+@all -@admin +client +config|get +latency +slowlog +role +lastsave +module|list"
"""The permissions of apps: everything except @admin, and those commands of @admin that only read, because clients use
them. https://valkey.io/topics/acl/"""

CONFIG = """\
appendonly yes
repl-diskless-sync no
protected-mode no
"""

RESTORE = """
work=$(mktemp -d /data/restore.XXXXXX)
trap 'kill "${loader:-}" 2>/dev/null || :; rm -rf "$work"' EXIT
cat >"$work/dump.rdb"
# A second server loads the dump, which checks it, and ours copies that; kill -0 ends this when it could not.
valkey-server --dir "$work" --save '' --port 6380 --bind 127.0.0.1 --repl-diskless-sync-delay 0 >&2 &
loader=$!
until [ "$(valkey-cli -p 6380 PING)" = PONG ]; do kill -0 "$loader"; sleep 0.1; done
ask -e REPLICAOF 127.0.0.1 6380
until ask INFO replication | grep -q master_link_status:up; do kill -0 "$loader"; sleep 0.1; done
ask -e REPLICAOF NO ONE
until [ "$(ask INFO persistence | grep -c -e 'rewrite_in_progress:0' -e 'rewrite_scheduled:0')" = 2 ]; do sleep 0.1; done
ask INFO persistence | grep -q aof_last_bgrewrite_status:ok
"""


class Valkey(Datastore):
    kind = "valkey"
    title = "Valkey"
    image = "valkey/valkey:8"
    port = 6379
    ports = (6379,)
    scheme = "redis"
    alias = "VALKEY"
    data = "/data"
    suffix = "rdb"

    def user_of(self, name: str) -> str:
        return "default"

    def container_config(self, service: Service) -> ContainerConfig:
        users = (
            f"user default on #{hashed(service.password)} ~* &* {ADMINISTERS_NOTHING}\n"
            f"user {ADMIN} on #{hashed(service.root_password)} ~* &* +@all\n"
        )
        return ContainerConfig(
            files={"server.conf": Secret(CONFIG + users), "password": service.root_password},
            command=("valkey-server", "/run/dokkupy/server.conf"),
        )

    def url(self, service: Service, hostname: str, port: int) -> str:
        return f"{self.scheme}://:{service.password.reveal()}@{hostname}:{port}"

    def ready(self, inside: ServiceExec) -> bool:
        return inside.ok((*self.connect(inside.service), "-e", "PING"))

    def version(self, inside: ServiceExec) -> str:
        return self.info(inside, "server")["valkey_version"]

    def info(self, inside: ServiceExec, section: str) -> dict[str, str]:
        """A section of the server's INFO, as a table."""
        lines = inside.run((*self.connect(inside.service), "-e", "INFO", section)).splitlines()
        return {key: value for key, mark, value in (line.partition(":") for line in lines) if mark}

    def connect(self, service: Service) -> tuple[str, ...]:
        return ("sh", "-euc", f'{ASK}ask "$@"', "client")

    def dump(self, service: Service) -> tuple[str, ...]:
        return (*self.connect(service), "--rdb", "-")

    def restore(self, service: Service) -> tuple[str, ...]:
        return ("sh", "-euc", ASK + RESTORE)

    def check_dump(self, head: bytes, tail: bytes, size: int) -> str:
        # A dump begins with "REDIS" and a version. It ends with 0xFF and a checksum, which the server verifies.
        return "" if head.startswith(b"REDIS") and tail[-9:-8] == b"\xff" else "it is incomplete"

    def invariants(self, inside: ServiceExec) -> Mapping[str, str]:
        found = {
            "functions": digest([inside.run((*self.connect(inside.service), "-e", "FUNCTION", "LIST", "WITHCODE"))])
        }
        for database in self.info(inside, "keyspace"):
            keys = set(self.keys(inside, database.removeprefix("db")))  # SCAN may return a key twice
            for kind, number in Counter(line.split()[1] for line in keys).items():
                found[f"{database}: keys of type {kind}"] = str(number)
            if keys:
                found[f"content of {database}"] = digest(sorted(keys))
        return found

    def keys(self, inside: ServiceExec, database: str) -> Iterator[str]:
        """The output of facts.lua for each key. One call handles some thousand keys, so that the server is never
        blocked for long."""
        script, cursor = (Path(__file__).parent / "facts.lua").read_text(), "0"
        while True:
            words = ("-e", "-n", database, "EVAL_RO", script, "0", cursor, "2000")
            cursor, *lines = inside.run((*self.connect(inside.service), *words)).split("\n")
            yield from filter(None, lines)
            if cursor == "0":
                return

    def keeps_data(self, old: str, new: str) -> bool:
        # Minor versions may change the format of the data, and an older server cannot read a newer format.
        return old.split(".")[:2] == new.split(".")[:2]


def digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def hashed(password: Secret) -> str:
    return hashlib.sha256(password.reveal().encode()).hexdigest()
