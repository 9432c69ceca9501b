"""The contract of a datastore, on MySQL. MariaDB 10.11 stands in for it, under the names of MySQL's programs
(tests/e2e/bed/servers.py)."""

from __future__ import annotations

import pytest
from bed.servers import server

from plugins_builtin.mysql.tests.family import Family


class TestMySQL(Family):
    kind = client = "mysql"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("mysql:8")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return ""
