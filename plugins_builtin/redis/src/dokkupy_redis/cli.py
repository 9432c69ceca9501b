"""`redis:*` (reference, section 6.1)."""

from __future__ import annotations

from dokkupy_services.cli import datastore_group

group = datastore_group("redis", "Redis", "Redis databases", version="8")
