"""MariaDB, by its official image (https://hub.docker.com/_/mariadb): its differences to MySQL.

https://mariadb.com/kb/en/
"""

from __future__ import annotations

from dokkupy_mysql import sql
from dokkupy_mysql.datastore import MySQL


class MariaDB(MySQL):
    kind = "mariadb"
    title = "MariaDB"
    image = "mariadb:11.8"

    variables = "MARIADB"
    client = "mariadb"
    dumper = "mariadb-dump"
    asker = "mariadb-admin"
    server_options = ()  # without a binary log by default
    dump_options = ()
    accounts = sql.MARIADB_ACCOUNTS
    # Upgrades and downgrades are possible within a series
    # (https://mariadb.com/kb/en/downgrading-between-major-versions-of-mariadb/).
    steady = (10, 4)
