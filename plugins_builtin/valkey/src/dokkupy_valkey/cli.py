"""`valkey:*`: the commands that all datastores have."""

from __future__ import annotations

from dokkupy_services.cli import datastore_group

group = datastore_group("valkey", "Valkey", "Valkey databases", version="8")
