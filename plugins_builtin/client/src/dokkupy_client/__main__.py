from __future__ import annotations

from dokkupy_client.cli import run

run()
