"""The servers are real. They are Debian's packages in images that behave like the official one
(tests/e2e/bed/servers.py)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# `family` has the tests that MariaDB and MySQL share.
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "plugins_builtin" / "mysql" / "tests")]
pytest.register_assert_rewrite("family")
