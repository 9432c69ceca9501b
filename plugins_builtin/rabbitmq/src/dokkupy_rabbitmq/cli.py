"""`rabbitmq:*` (reference, section 6.2), without `connect`, `export`, `import` and `clone`, as Dokku's."""

from __future__ import annotations

from dokkupy_services.cli import datastore_group

group = datastore_group("rabbitmq", "RabbitMQ", "RabbitMQ message brokers", version="4", dumps=False, connects=False)
