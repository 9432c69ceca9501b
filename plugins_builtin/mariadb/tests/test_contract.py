"""The contract of a datastore, on MariaDB 10.11 and 11.8."""

from __future__ import annotations

import pytest
from bed.servers import server
from family import Family


class TestMariaDB(Family):
    kind = client = "mariadb"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("mariadb:10.11")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return server("mariadb:11.8")
