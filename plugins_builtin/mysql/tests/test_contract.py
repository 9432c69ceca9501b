"""The contract of a datastore, on MySQL. MariaDB 10.11 stands in for it, under the names of MySQL's programs
(tests/e2e/bed/servers.py)."""

from __future__ import annotations

import pytest
from bed.servers import server
from dokkupy_sdk.testing.effort import THOROUGH

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


#: MariaDB's plugin, a subclass of this one, runs these on the same server, and test_awkward.py does it with awkward data.
TWICE = (
    "test_a_clone_has_the_data_and_its_own_passwords",
    "test_an_exported_dump_can_be_imported_again",
    "test_backup_is_verified_and_restored",
)
for _name in () if THOROUGH else TWICE:
    setattr(TestMySQL, _name, None)
