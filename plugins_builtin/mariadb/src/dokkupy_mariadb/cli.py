"""`mariadb:*` (reference, section 6.2)."""

from __future__ import annotations

from dokkupy_services.cli import datastore_group

group = datastore_group("mariadb", "MariaDB", "MariaDB databases", version="11.8")
