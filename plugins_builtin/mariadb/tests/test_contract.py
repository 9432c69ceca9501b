"""The whole life of a service, on MariaDB 10.11 and 11.8."""

from __future__ import annotations

import pytest
from bed.servers import server
from dokkupy_sdk.datastore.role import Inside
from dokkupy_sdk.testing.contracts.datastore import DatastoreContract

# Over the network, with the password of the app's user, which comes on standard input. `service` is the server's name in
# its own network.
CLIENT = 'MYSQL_PWD="$(cat)" exec mariadb -N -B -h service -u "$1" -D "$2" -e "$3"'


def as_app(inside: Inside, text: str, password: str = "") -> str:
    service = inside.service
    argv = ["bash", "-euc", CLIENT, "mariadb", service.user, service.database, text]
    return inside.run(argv, stdin=(password or service.password.reveal()).encode())


class TestMariaDB(DatastoreContract):
    kind = "mariadb"

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("mariadb:10.11")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return server("mariadb:11.8")

    def put(self, inside: Inside, first: int, last: int) -> None:
        as_app(inside, "CREATE TABLE IF NOT EXISTS `rows` (id int PRIMARY KEY, text text)")
        values = ", ".join(f"({number}, 'row {number}')" for number in range(first, last))
        as_app(inside, f"INSERT INTO `rows` VALUES {values}")

    def count(self, inside: Inside) -> int:
        return int(as_app(inside, "SELECT count(*) FROM `rows`"))

    def refuses(self, inside: Inside) -> bool:
        try:
            as_app(inside, "SELECT 1", "wrong")
        except Exception as error:
            return "Access denied for user" in str(getattr(error, "details", ""))
        return False
