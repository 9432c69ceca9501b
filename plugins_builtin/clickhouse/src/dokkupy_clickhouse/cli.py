"""`clickhouse:*` (reference, section 6.1), and beyond Dokku's: export, import, clone and backups."""

from __future__ import annotations

from dokkupy_services.cli import datastore_group

group = datastore_group("clickhouse", "ClickHouse", "ClickHouse databases", version="25.8")
