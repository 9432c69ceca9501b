"""The real server imports every format of pg_dump and pg_dumpall, and the apps' user owns everything afterwards."""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Iterator

import pytest
from bed.servers import server
from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.testing.hosts import fake_host
from dokkupy_services import records
from dokkupy_services.data import imports, pipes
from dokkupy_services.lifecycle import container
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.names import ServiceName

from plugins_builtin.postgres.tests.test_contract import as_app

CONTENT = """
CREATE ROLE legacy_owner; CREATE ROLE readonly; CREATE DATABASE shop;
\\connect shop
CREATE EXTENSION citext; COMMENT ON EXTENSION citext IS 'it''s text';
CREATE TABLE items (id serial PRIMARY KEY, name citext, note text);
INSERT INTO items (name, note) VALUES ('One', E'GRANT ALL ON a TO b;\\nDROP TABLE items;\\n\\\\restrict x\\n''\\\\'''), ('two', NULL);
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
-- it's a body
RETURN n * 2;
END $$;
CREATE SCHEMA other; CREATE TABLE other.t (a int); CREATE MATERIALIZED VIEW other.m AS SELECT count(*) FROM items;
ALTER TABLE items OWNER TO legacy_owner; GRANT SELECT ON items TO readonly; ALTER SCHEMA other OWNER TO legacy_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE legacy_owner GRANT SELECT ON TABLES TO readonly;
SELECT lo_from_bytea(4242, 'large');
CREATE PUBLICATION pub FOR TABLE items;
"""
LOOK = """
SELECT string_agg(id || name || coalesce(note, '-'), ',' ORDER BY id) FROM items; SELECT twice(21); SELECT * FROM other.m;
SELECT encode(lo_get(4242), 'escape'); SELECT name FROM items WHERE name = 'ONE'; INSERT INTO items (name) VALUES ('x');
SELECT string_agg(DISTINCT tableowner, ' ') FROM pg_tables WHERE schemaname IN ('public', 'other');
"""
PLAIN = ("pg_dump", "-U", "postgres", "-d", "shop")


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exec]:
    host: Host = fake_host(
        tmp_path_factory.mktemp("host"), plugins=("docker", "services", "postgres"), real=("engine", "scheduler")
    )
    name = ServiceName(f"im-{secrets.token_hex(3)}")
    service = lifecycle.create(
        host, records.datastore(host, "postgres"), name, ServiceOptions(image=server("postgres:15"))
    )
    found = Exec(host, service, service.container)
    found.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres"], stdin=CONTENT.encode())
    yield found
    container.remove_everything(host, identifier=service.id)


def dumped(inside: Exec, *argv: str) -> bytes:
    """The output of a program in the container, as bytes."""
    return b"".join(pipes.pieces_of(AnyDump(inside.host), inside, argv))


def restored(inside: Exec, data: bytes) -> list[str]:
    """What the apps' user reads after an import of this file into the service's instance."""
    datastore, service = records.datastore(inside.host, "postgres"), inside.service
    pipes.restore(datastore, inside, imports.read(datastore, service, [data[:7], data[7:]]))
    return as_app(inside, LOOK).splitlines()


class AnyDump:
    """A datastore that accepts everything as a complete dump."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def check_dump(self, head: bytes, tail: bytes, size: int) -> str:
        return ""


@pytest.mark.parametrize(
    "options",
    [
        ("-Fc",),
        ("-Ft",),
        (),
        ("--clean", "--if-exists", "--create"),
        ("--clean",),
        ("--inserts",),
        ("--use-set-session-authorization",),
    ],
    ids=" ".join,
)
def test_apps_user_owns_everything_of_an_imported_dump(inside: Exec, options: tuple[str, ...]) -> None:
    found = restored(inside, dumped(inside, *PLAIN, *options))
    assert found[-1] == inside.service.user
    assert found[-5:-1] == ["42", "2", "large", "One"]
    assert "GRANT ALL ON a TO b;" in found[0] and found[1] == "DROP TABLE items;" and found[2] == "\\restrict x"


def test_dump_of_all_databases_imports_the_one_with_content(inside: Exec) -> None:
    inside.run(["psql", "-X", "-q", "-U", "postgres"], stdin=f'DROP DATABASE "{inside.service.database}"'.encode())
    found = restored(inside, dumped(inside, "pg_dumpall", "-U", "postgres"))
    assert found[-5:] == ["42", "2", "large", "One", inside.service.user]


@pytest.mark.parametrize("form", [gzip.compress, lambda data: data.decode().replace("\n", "\r\n").encode("utf-16")])
def test_dump_that_was_compressed_or_written_by_powershell_is_imported(inside: Exec, form: type[bytes]) -> None:
    found = restored(inside, form(dumped(inside, *PLAIN)))
    assert found[-5:] == ["42", "2", "large", "One", inside.service.user]


def test_archive_of_a_newer_pg_dump_is_refused_with_the_message_of_pg_restore(inside: Exec) -> None:
    newer = bytearray(dumped(inside, *PLAIN, "-Fc"))
    newer[6] = 99  # the minor version of the archive's format
    with pytest.raises(DokkupyError) as raised:
        restored(inside, bytes(newer))
    assert "unsupported version (1.99) in file header" in " ".join(raised.value.details)
