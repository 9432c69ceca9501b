"""`meilisearch:*` (reference, section 6.1), and beyond Dokku's: export, import, clone and backups."""

from __future__ import annotations

from dokkupy_services.cli import datastore_group

group = datastore_group("meilisearch", "Meilisearch", "Meilisearch search engines", version="v1.53.2", connects=False)
