"""Conversion of plain SQL: owners and privileges are left out, data does not change, and errors name the line."""

from __future__ import annotations

import pytest
from dokkupy_postgres.plain_sql import HEADER, importable, is_plain
from dokkupy_sdk.errors import UserError

pytestmark = pytest.mark.unit

DUMP = b"""--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);

CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;
CREATE TABLE public.items (
    id integer NOT NULL,
    name public.citext
);
ALTER TABLE public.items OWNER TO legacy_owner;
COPY public.items (id, name) FROM stdin;
1\tGRANT ALL ON x TO y;
2\t\\restrict it's
\\.
GRANT SELECT ON TABLE public.items TO readonly;
-- PostgreSQL database dump complete
--
"""


def imported(*pieces: bytes) -> list[bytes]:
    first, *rest = importable(pieces)
    assert first == HEADER
    return b"".join(rest).splitlines()


def test_owners_and_privileges_are_left_out_and_every_row_stays() -> None:
    lines = imported(DUMP)
    assert len(lines) == len(DUMP.splitlines())
    assert lines[16:19] == [b"1\tGRANT ALL ON x TO y;", b"2\t\\restrict it's", b"\\."]
    assert not [line for line in lines if line.startswith((b"ALTER", b"GRANT SELECT"))]
    assert lines[10] == b"CREATE TABLE public.items ("


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_result_does_not_depend_on_how_the_input_is_cut(size: int) -> None:
    assert imported(*(DUMP[at : at + size] for at in range(0, len(DUMP), size))) == imported(DUMP)


def test_a_setting_of_a_newer_server_is_set_only_where_it_is_known() -> None:
    line = imported(DUMP)[5]
    assert line.startswith(
        b"SELECT pg_catalog.set_config('transaction_timeout', '0', false) FROM pg_catalog.pg_settings"
    )


TABLE = b"CREATE TABLE a (b text);\n"


@pytest.mark.parametrize(
    "text",
    [
        b"INSERT INTO a VALUES ('one\nGRANT ALL ON a TO b;\nDROP TABLE a;\n');\n",
        b"INSERT INTO a VALUES (E'it\\'s\nGRANT ALL ON a TO b;\n');\n",
        b"CREATE TABLE \"it's\" (c text);\nINSERT INTO a VALUES ('x');\n",
        b"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $_$\nGRANT ALL ON a TO b;\nALTER TABLE a OWNER TO c;\n$_$;\n",
        b"CREATE FUNCTION g() RETURNS text LANGUAGE sql AS 'SELECT ''\nREVOKE ALL ON a FROM b;\n''';\n",
        b"-- it's a comment\nCREATE TABLE c (d text);\n",
        b"/* it's\nGRANT ALL ON a TO b;\n*/\n",
        b"SELECT a$b$c, $1 FROM a;\n",
    ],
)
def test_strings_function_bodies_and_comments_do_not_change(text: bytes) -> None:
    assert imported(TABLE + text) == (TABLE + text).splitlines()


@pytest.mark.parametrize(
    "text",
    [
        b"ALTER TABLE ONLY a OWNER TO b;\n",
        b"ALTER FUNCTION f(text, text) OWNER TO postgres;\n",
        b"GRANT SELECT\n  ON a\n  TO b;\n",
        b"ALTER DEFAULT PRIVILEGES FOR ROLE x IN SCHEMA public GRANT SELECT ON TABLES TO y;\n",
        b"SET SESSION AUTHORIZATION 'legacy_owner';\n",
        b"CREATE ROLE a;\nALTER ROLE a WITH LOGIN PASSWORD 'x;y';\n",
        b"CREATE DATABASE shop WITH TEMPLATE = template0;\nALTER DATABASE shop OWNER TO b;\n",
        b"\\restrict aB3\n",
        b"\\unrestrict aB3\n",
    ],
)
def test_statements_about_owners_roles_and_databases_are_left_out(text: bytes) -> None:
    assert [line for line in imported(TABLE + text) if line] == TABLE.splitlines()


def test_drop_statements_of_a_clean_dump_are_left_out() -> None:
    clean = b"ALTER TABLE ONLY public.a DROP CONSTRAINT a_pkey;\nDROP TABLE public.a;\nDROP SCHEMA public;\n"
    later = b"CREATE SCHEMA public;\n" + TABLE + b"DROP TABLE a;\n"
    lines = [line for line in imported(clean + later) if line]
    assert lines == [b"CREATE SCHEMA IF NOT EXISTS public;", *TABLE.splitlines(), b"DROP TABLE a;"]


def test_only_database_with_content_of_a_cluster_is_imported() -> None:
    cluster = (
        b"CREATE ROLE ann;\n\\connect template1\nCREATE TABLE junk (a int);\n"
        b"\\connect postgres\nSET x.y = 1;\nCREATE EXTENSION pg_stat_statements;\n"
        b"\\connect -reuse-previous=on \"dbname='shop'\"\n" + TABLE
    )
    assert b"CREATE TABLE junk (a int);" not in imported(cluster)
    assert TABLE.strip() in imported(cluster)


def test_a_second_database_with_content_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="several databases \\(shop, blog\\)"):
        imported(b"\\connect shop\n" + TABLE + b"\\connect blog\n" + TABLE)


@pytest.mark.parametrize(
    "command", [b"\\! id\n", b"\\i /etc/passwd\n", b"SELECT 1; \\! id\n", b"\\copy a from program 'id'\n"]
)
def test_a_command_of_psql_is_refused_with_its_line(command: bytes) -> None:
    with pytest.raises(UserError, match="Line 2 of the dump has a command of the program psql"):
        imported(TABLE + command)


@pytest.mark.parametrize(
    "end", [DUMP.index(b"1\tGRANT"), DUMP.index(b"GRANT SELECT ON"), DUMP.index(b"public.citext\n")]
)
def test_a_dump_that_ends_early_is_refused(end: int) -> None:
    with pytest.raises(UserError, match="is incomplete"):
        imported(DUMP[:end])


def test_empty_dump_is_refused() -> None:
    with pytest.raises(UserError, match="The dump is empty"):
        imported(b"SET a = 1;\n")


@pytest.mark.parametrize(
    "head", [b"-- MySQL dump 10.13\n", b"<!DOCTYPE html>", b'{"a": 1}', b"\0\1\2", b"-----BEGIN PGP MESSAGE-----"]
)
def test_other_files_are_not_taken_for_sql_of_postgresql(head: bytes) -> None:
    assert not is_plain(head)
