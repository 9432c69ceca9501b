"""The servers are real. They are Debian's packages in images that behave like the official one
(tests/e2e/bed/servers.py)."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "e2e"))

from bed import servers  # noqa: E402 - it is found now

if all(row.name != "rabbitmq:4" for row in servers.SERVERS):
    # The same image based on Debian 13, which has RabbitMQ 4.0.
    servers.SERVERS += (
        replace(servers.row_of("rabbitmq:3"), name="rabbitmq:4", suite="trixie", differs="4.0, of Debian"),
    )
