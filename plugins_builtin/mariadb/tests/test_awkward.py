"""Difficult data, accounts and dumps on MariaDB 10.11, and their upgrade to 11.8."""

from __future__ import annotations

import pytest
from bed.servers import server
from family import Awkward

FURTHER = """
CREATE SEQUENCE numbers START WITH 5 INCREMENT BY 3 CACHE 10; SELECT nextval(numbers);
CREATE TABLE history (id int PRIMARY KEY, text varchar(20)) WITH SYSTEM VERSIONING;
INSERT INTO history VALUES (1, 'first'), (2, 'stays'); UPDATE history SET text = 'second' WHERE id = 1;
CREATE TABLE own_types (a uuid, b inet6, c varchar(20) DEFAULT concat('a', 'b') INVISIBLE) ENGINE = Aria;
INSERT INTO own_types (a, b) VALUES ('123e4567-e89b-12d3-a456-426614174000', '::1');
"""

ROLES = """
CREATE ROLE readers; CREATE ROLE `odd 'role`; GRANT SELECT ON `other db`.* TO readers; GRANT readers TO `odd 'role`;
CREATE USER third@'%' IDENTIFIED BY 'third' PASSWORD EXPIRE INTERVAL 90 DAY ACCOUNT LOCK;
GRANT `odd 'role` TO third@'%'; SET DEFAULT ROLE `odd 'role` FOR third@'%';
"""


class TestAwkward(Awkward):
    kind = client = "mariadb"
    further, admins = FURTHER, ROLES
    answers = (
        ("SELECT nextval(numbers)", "35"),
        ("SELECT text FROM history ORDER BY id", "second\nstays"),
        ("SELECT count(*) FROM history FOR SYSTEM_TIME ALL", "3"),
        ("SELECT b, c FROM own_types", "::1\tab"),
    )

    @pytest.fixture(scope="class")
    @classmethod
    def image(cls) -> str:
        return server("mariadb:10.11")

    @pytest.fixture(scope="class")
    @classmethod
    def newer(cls) -> str:
        return server("mariadb:11.8")
