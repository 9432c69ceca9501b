"""Out of one host and into another that has nothing but the target and its key: what was in the service is there again."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bed.servers import server
from dokkupy_sdk.testing.effort import THOROUGH, amount
from dokkupy_services import records
from dokkupy_services.data.subject import ServiceSubject
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.names import ServiceName

from plugins_builtin.backups.tests.restic_repository import KEY, make
from tests.services.conftest import Machine

MANY = amount(1_000_000, 1_000)

POSTGRES = """
CREATE ROLE reader LOGIN PASSWORD 'x''y'; CREATE ROLE grp NOLOGIN; GRANT grp TO reader;
CREATE EXTENSION pg_trgm; CREATE EXTENSION citext;
CREATE SCHEMA "Odd Näme";
CREATE TYPE "Odd Näme".mood AS ENUM ('ok', 'näh');
CREATE TABLE "Odd Näme"."Tä""ble" (id bigserial PRIMARY KEY, t text NOT NULL, b bytea, j jsonb, m "Odd Näme".mood,
  n numeric(30,10), a int[], c citext UNIQUE, d timestamptz, s text GENERATED ALWAYS AS (upper(t)) STORED);
INSERT INTO "Odd Näme"."Tä""ble" (t, b, j, m, n, a, c, d)
  SELECT E'zeile ☃ \\\\ '' "\\n\\t' || i, decode('00ff0a0d', 'hex'), jsonb_build_object('k', i, 'u', 'é'), 'näh', i * 1.1,
    ARRAY[i, NULL], 'C' || i, '2024-02-29'::date - 1 + i FROM generate_series(1, 2000) i;
CREATE INDEX ON "Odd Näme"."Tä""ble" USING gin (t gin_trgm_ops);
CREATE TABLE big AS SELECT i AS id, md5(i::text) AS text FROM generate_series(1, ROWS) i;
ALTER TABLE big ADD PRIMARY KEY (id);
CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO parts VALUES (1, '2026-05-05');
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree DEFERRABLE INITIALLY DEFERRED);
BEGIN; INSERT INTO tree VALUES (1, 2), (2, 1); COMMIT;
CREATE TABLE empty (); CREATE TABLE guarded (id int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON guarded TO reader USING (id > 0); INSERT INTO guarded VALUES (1);
GRANT USAGE ON SCHEMA "Odd Näme" TO grp; GRANT SELECT ON "Odd Näme"."Tä""ble" TO grp;
ALTER TABLE guarded OWNER TO reader;
CREATE VIEW v AS SELECT count(*) AS n FROM big; CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one;
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.text := NEW.text || '!'; RETURN NEW; END$$;
CREATE TRIGGER t BEFORE INSERT ON big FOR EACH ROW EXECUTE FUNCTION trg();
CREATE SEQUENCE odd INCREMENT 7 START 100; SELECT nextval('odd');
SELECT lo_from_bytea(4242, decode('deadbeef00', 'hex'));
COMMENT ON TABLE big IS 'it''s';
ALTER DATABASE NAME SET timezone = 'Europe/Berlin'; ALTER ROLE reader SET search_path = "Odd Näme", public;
"""


NAME = f"rt{secrets.token_hex(3)}"
"""The engine is shared: no other run has a service of this name."""


def fill_postgres(inside: Exec, rows: int) -> None:
    text = POSTGRES.replace("NAME", NAME).replace("ROWS", str(rows))
    inside.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", NAME], stdin=text.encode(), timeout=300
    )


@dataclass(frozen=True)
class Place:
    """Where backups go. know: called with a host that is to add it. key: of a repository that exists already."""

    url: str
    words: tuple[str, ...] = ()
    key: str = ""
    know: Callable[[Machine], None] = lambda machine: None


@contextmanager
def directory(base: Path) -> Iterator[Place]:
    yield Place(str(make(base / "repository")), key=KEY)


@contextmanager
def object_store(base: Path) -> Iterator[Place]:
    from servers import ACCESS, S3, SECRET

    found = S3(base / "s3")
    found.start()
    try:
        yield Place(found.url, (f"access-key={ACCESS}", f"secret-key={SECRET}"))
    finally:
        found.stop()


@contextmanager
def ssh_server(base: Path) -> Iterator[Place]:
    from servers import Sshd

    found = Sshd(base / "sshd")
    found.start()

    def know(machine: Machine) -> None:
        """As an administrator does: the first try prints the key that the server is to accept."""
        said = machine.run("backups:target-add", "far", found.url, status=1)
        (key,) = [line.partition(" !     ")[2] for line in said.splitlines() if " !     ssh-ed25519 " in line]
        with (found.directory / "authorized_keys").open("a") as file:
            file.write(key + "\n")

    try:
        yield Place(found.url, know=know)
    finally:
        found.stop()


def move(machines: tuple[Machine, Machine], place: Place, kind: str, image: str, fill: Callable[[Exec], None]) -> Exec:
    """Fill a service on the first host, back it up, destroy it, restore it on the second; returns the new one."""
    first, second = machines
    started = time.monotonic()
    first.run(f"{kind}:create", NAME, "--image", server(image))
    service = records.read(first.host, kind, ServiceName(NAME))
    fill(Exec(first.host, service, service.container))
    filled = time.monotonic()
    before = dict(ServiceSubject(first.host, kind, NAME).invariants())
    place.know(first)
    first.run("backups:target-add", "far", place.url, *place.words, *([f"key={place.key}"] if place.key else []))
    made = first.json("backups:create", f"{kind}:{NAME}")
    backed_up = time.monotonic()
    assert first.json("backups:verify", f"{kind}:{NAME}")["state"] == "verified"
    verified = time.monotonic()
    key = first.run("backups:target-key", "far").strip().splitlines()[0]
    old = first.run(f"{kind}:info", NAME, "--dsn").strip()
    first.run(f"{kind}:destroy", NAME, "--force", "--purge")

    place.know(second)
    second.run("backups:target-add", "far", place.url, *place.words, f"key={key}")
    second.run("backups:restore", f"{kind}:{NAME}")
    restored = time.monotonic()
    # What an attacker read from the old host opens nothing on the new one.
    new = second.run(f"{kind}:info", NAME, "--dsn").strip()
    assert old != new and old.rpartition("@")[2] == new.rpartition("@")[2]
    assert dict(ServiceSubject(second.host, kind, NAME).invariants()) == before and len(before) > 2
    print(
        f"\n{kind:<9} {image:<14} {place.url.partition(':')[0][-10:]:<10} {made['size']:>10} bytes  "
        f"filled {filled - started:5.1f} s  backed up {backed_up - filled:5.1f} s  verified {verified - backed_up:5.1f} s  "
        f"restored {restored - verified:5.1f} s"
    )
    back = records.read(second.host, kind, ServiceName(NAME))
    return Exec(second.host, back, back.container)


@pytest.mark.parametrize(("target", "rows"), [(directory, MANY), (object_store, 1000)])
def test_postgres_with_awkward_data_and_many_rows(
    machines: tuple[Machine, Machine], tmp_path: Path, target: Callable[[Path], Any], rows: int
) -> None:
    with target(tmp_path) as place:
        inside = move(machines, place, "postgres", "postgres:15", lambda inside: fill_postgres(inside, rows))
    psql = ["psql", "-X", "-A", "-t", "-q", "-U", "postgres", "-d", NAME, "-c"]
    assert inside.run([*psql, "SHOW timezone"]).strip() == "Europe/Berlin"
    assert inside.run([*psql, "SELECT lo_get(4242)"]).strip() == "\\xdeadbeef00"
    assert (
        inside.run([*psql, "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'guarded'"]).strip()
        == "reader"
    )
    assert (
        inside.run([*psql, "SELECT has_table_privilege('grp', '\"Odd Näme\".\"Tä\"\"ble\"', 'SELECT')"]).strip() == "t"
    )
    assert (
        inside.run([*psql, "SELECT rolpassword LIKE 'SCRAM%' FROM pg_authid WHERE rolname = 'reader'"]).strip() == "t"
    )
    assert inside.run([*psql, "SELECT extname FROM pg_extension ORDER BY 1"]).split() == [
        "citext",
        "pg_trgm",
        "plpgsql",
    ]


SQL = r"""
CREATE TABLE `odd ``näme` (id int AUTO_INCREMENT PRIMARY KEY, t varchar(200), b varbinary(16), j json,
  n decimal(30,10), UNIQUE (t)) CHARSET utf8mb4;
INSERT INTO `odd ``näme` (t, b, j, n) WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 900)
  SELECT CONCAT('zeile ☃ 😀 \\ '' "', n), UNHEX('00FF0A0D27'), JSON_OBJECT('k', n), n * 1.1 FROM i;
CREATE TABLE child (id int PRIMARY KEY, parent int, FOREIGN KEY (parent) REFERENCES `odd ``näme` (id));
INSERT INTO child SELECT id, id FROM `odd ``näme`;
CREATE VIEW v AS SELECT COUNT(*) AS n FROM child;
CREATE USER reader@'%' IDENTIFIED BY 'x y'; GRANT SELECT ON child TO reader@'%';
"""

LUA = r"""for i = 1, 20000 do redis.call('SET', 'k\0' .. i, 'v\r\n' .. i) end
redis.call('RPUSH', 'list ☃', 'a', '', 'b') redis.call('HSET', 'hash', 'f', 'v') redis.call('ZADD', 'z', 1.5, 'm')
redis.call('XADD', 'stream', '*', 'f', 'v') redis.call('SADD', 'set', 'x', 'y')"""

JAVASCRIPT = """
const d = []; for (let i = 0; i < 5000; i++) d.push({i: i, text: "zeile ☃ " + i, bin: BinData(0, "AP8K"), at: new Date(i)});
db.notes.insertMany(d); db.notes.createIndex({i: 1}, {unique: true}); db.createCollection("empty");
"""


def fill_sql(inside: Exec) -> None:
    kind = inside.service.kind
    argv = records.datastore(inside.host, kind).connect(inside.service)
    inside.run(argv, stdin=f"USE {inside.service.database};{SQL}".encode(), timeout=120)


def fill_redis(inside: Exec) -> None:
    inside.run((*records.datastore(inside.host, "redis").connect(inside.service), "-e", "EVAL", LUA, "0"))


def fill_valkey(inside: Exec) -> None:
    inside.run((*records.datastore(inside.host, "valkey").connect(inside.service), "-e", "EVAL", LUA, "0"))


def fill_nats(inside: Exec) -> None:
    from plugins_builtin.nats.tests.client import Client

    with Client(inside) as client:
        client.api("STREAM.CREATE.rows", name="rows", subjects=["row.*"], retention="limits", storage="file")
        for number in range(500):
            client.publish(f"row.{number}", "zeile ☃\r\n".encode())


CLICKHOUSE = """
CREATE TABLE odd (id UInt64, t String, a Array(String), d Nullable(DateTime)) ENGINE = MergeTree ORDER BY id;
INSERT INTO odd SELECT number, concat('zeile ☃ \\0 ', toString(number)), ['a', ''], NULL FROM numbers(20000);
"""


def fill_clickhouse(inside: Exec) -> None:
    argv = records.datastore(inside.host, "clickhouse").connect(inside.service)
    inside.run((*argv, "--multiquery"), stdin=CLICKHOUSE.encode(), timeout=120)


def fill_elasticsearch(inside: Exec) -> None:
    from plugins_builtin.elasticsearch.tests.requests import put

    put(inside, 0, 500)


def fill_couchdb(inside: Exec) -> None:
    from plugins_builtin.couchdb.tests.test_contract import TestCouchDB

    TestCouchDB().put(inside, 0, 5000)


def fill_meilisearch(inside: Exec) -> None:
    from plugins_builtin.meilisearch.tests.test_contract import TestMeilisearch

    TestMeilisearch().put(inside, 0, 5000)


def fill_typesense(inside: Exec) -> None:
    from plugins_builtin.typesense.tests.test_contract import TestTypesense

    TestTypesense().put(inside, 0, 5000)


def fill_mongo(inside: Exec) -> None:
    inside.run((*records.datastore(inside.host, "mongo").connect(inside.service), "--quiet"), stdin=JAVASCRIPT.encode())


#: Each kind's own contract takes a backup out and in; one more kind goes the whole way here, the others with --thorough.
OTHERS = [
    ("mariadb", "mariadb:10.11", fill_sql, ssh_server),
    ("mysql", "mysql:8", fill_sql, directory),
    ("redis", "redis:7", fill_redis, directory),
    ("mongo", "mongo:8", fill_mongo, directory),
    ("valkey", "valkey:8", fill_valkey, directory),
    ("nats", "nats:2-alpine", fill_nats, directory),
    ("clickhouse", "clickhouse/clickhouse-server:18.16", fill_clickhouse, directory),
    ("elasticsearch", "elasticsearch:8.19.7", fill_elasticsearch, directory),
    ("couchdb", "couchdb:3.5", fill_couchdb, directory),
    ("meilisearch", "getmeili/meilisearch:v1.53.2", fill_meilisearch, directory),
    ("typesense", "typesense/typesense:30.2", fill_typesense, directory),
]


@pytest.mark.parametrize(("kind", "image", "fill", "target"), OTHERS if THOROUGH else OTHERS[:1])
def test_the_other_kinds_move_to_another_host(
    machines: tuple[Machine, Machine],
    tmp_path: Path,
    kind: str,
    image: str,
    fill: Callable[[Exec], None],
    target: Callable[[Path], Any],
) -> None:
    with target(tmp_path) as place:
        move(machines, place, kind, image, fill)


def test_an_emptied_database_is_no_backup_that_takes_the_place_of_a_full_one(
    machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    first, _ = machines
    first.run("postgres:create", NAME, "--image", server("postgres:15"))
    service = records.read(first.host, "postgres", ServiceName(NAME))
    inside = Exec(first.host, service, service.container)
    psql = ["psql", "-X", "-q", "-U", "postgres", "-d", NAME, "-c"]
    inside.run([*psql, "CREATE TABLE t AS SELECT md5(i::text) AS x FROM generate_series(1, 20000) i"])
    first.run("backups:target-add", "far", str(make(tmp_path / "repository")), f"key={KEY}")
    good = first.json("backups:create", f"postgres:{NAME}")
    assert first.json("backups:verify", f"postgres:{NAME}")["state"] == "verified"
    inside.run([*psql, "TRUNCATE t"])
    said = first.run("backups:create", f"postgres:{NAME}", status=1)
    assert "smaller" in said or "%" in said
    assert [row["id"] for row in first.json("backups:list", f"postgres:{NAME}")] == [good["id"]]
    first.run("--force", "backups:restore", f"postgres:{NAME}", "--no-safety")
    after = records.read(first.host, "postgres", ServiceName(NAME))
    count = Exec(first.host, after, after.container).run([*psql[:-1], "-A", "-t", "-c", "SELECT count(*) FROM t"])
    assert count.strip() == "20000"
