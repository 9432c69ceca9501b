"""`mongo:*` (reference, section 6.2)."""

from __future__ import annotations

from dokkupy_services.cli import datastore_group

group = datastore_group("mongo", "Mongo", "MongoDB databases", version="8")
