"""Runs once per release, before anything starts: the place for database migrations."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    print(f"release task ran with Python {sys.version.partition(' ')[0]}", flush=True)
