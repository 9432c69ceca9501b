"""Difficult data, accounts and dumps of MySQL, for which MariaDB 10.11 stands in, and tests without a server."""

from __future__ import annotations

import pytest
from bed.servers import server
from dokkupy_mysql import streams
from dokkupy_mysql.datastore import MySQL
from dokkupy_sdk.testing.hosts import fake_host

from plugins_builtin.mysql.tests.family import Awkward


class TestAwkward(Awkward):
    kind = client = "mysql"
    doubled = 17

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("mysql:8")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return ""


@pytest.fixture
def mysql(tmp_path_factory: pytest.TempPathFactory) -> MySQL:
    return MySQL(fake_host(tmp_path_factory.mktemp("host"), plugins=("services", "mysql")))


def test_names_are_short_enough_and_never_those_of_the_server(mysql: MySQL) -> None:
    assert mysql.database_of("mysql") == "mysql_app" and mysql.user_of("root") == "root_app"
    assert mysql.database_of("my-db") == mysql.user_of("my-db") == "my_db"
    one, other = mysql.user_of("a" * 47 + "b"), mysql.user_of("a" * 48)
    assert len(one) == len(other) == 32 and one != other


@pytest.mark.parametrize(
    "old, new, kept",
    [
        ("8.4.3", "8.4.10", True),
        ("8.4.10", "8.4.3", True),
        ("8.0.30", "8.0.40", False),
        ("8.0.40", "8.4.3", False),
        ("8.4.3", "9.0.1", False),
    ],
)
def test_only_servers_of_one_long_term_series_share_data(mysql: MySQL, old: str, new: str, kept: bool) -> None:
    assert mysql.keeps_data(old, new) is kept


@pytest.mark.parametrize(
    "head, tail, why",
    [
        (b"-- MySQL dump 10.13\n", b"/*!40101 SET x */;\n\n-- Dump completed on 2024-01-01  1:02:03\n", ""),
        (b"/*M!999999\\- enable the sandbox mode */ \n", b"-- Dump completed\n", ""),
        (b"-- MySQL dump 10.13\n", b"INSERT INTO t VALUES ('\\n-- Dump completed');\n", "does not end"),
        (b"-- dokkupy mysql 1 db db\n", b"-- Dump completed\nREVOKE ALL\n-- dokkupy whole\n", ""),
        (b"-- dokkupy mysql 1 db db\n", b"-- Dump completed on 2024\n", "end is missing"),
        (b"\x1f\x8b\x08", b"-- Dump completed\n", "not what mysqldump writes"),
        (b"", b"", "not what mysqldump writes"),
    ],
)
def test_an_incomplete_dump_is_detected(head: bytes, tail: bytes, why: str) -> None:
    found = streams.why_not_whole(head, tail)
    assert why in found and bool(found) == bool(why)
