"""`couchdb:*` (reference, section 6.1), and beyond Dokku's: clone and backups."""

from __future__ import annotations

from dokkupy_services.cli import datastore_group

group = datastore_group("couchdb", "CouchDB", "CouchDB databases", version="3.5", connects=False)
