"""`memcached:*` (reference, section 6.1): a cache has no dumps, so no export, import, clone and backups."""

from __future__ import annotations

from dokkupy_services.cli import datastore_group

group = datastore_group("memcached", "Memcached", "memcached caches", version="1.6", dumps=False)
