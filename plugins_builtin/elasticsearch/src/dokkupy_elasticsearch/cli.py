"""`elasticsearch:*` (reference, section 6.1), and beyond Dokku's: export, import, clone and backups."""

from __future__ import annotations

from dokkupy_services.cli import datastore_group

group = datastore_group(
    "elasticsearch", "Elasticsearch", "Elasticsearch search engines", version="8.19.7", connects=False
)
