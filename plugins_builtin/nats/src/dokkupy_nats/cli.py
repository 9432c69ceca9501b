"""`nats:*` (reference, section 6.1), and beyond Dokku's: export, import, clone and backups."""

from __future__ import annotations

from dokkupy_services.cli import datastore_group

group = datastore_group("nats", "NATS", "NATS message brokers", version="2-alpine", connects=False)
