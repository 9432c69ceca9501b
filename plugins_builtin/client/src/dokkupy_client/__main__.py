"""`python -m dokkupy_client`: the program without its entry point."""

from __future__ import annotations

from dokkupy_client.cli import run

run()
