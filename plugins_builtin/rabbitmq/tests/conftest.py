"""The servers are real. They are Debian's packages in images that behave like the official one
(tests/e2e/bed/servers.py)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests" / "e2e"))
