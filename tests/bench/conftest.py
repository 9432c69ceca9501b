"""The benchmark uses the machine of the end-to-end tests, which `install.sh` installed and which has its own engine."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

E2E = Path(__file__).parent.parent / "e2e"
sys.path.insert(0, str(E2E))

_spec = importlib.util.spec_from_file_location("e2e_conftest", E2E / "conftest.py")
assert _spec is not None and _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

_bed = _module._bed
app_base = _module.app_base
installed_snapshot = _module.installed_snapshot
host = _module.host
app = _module.app
repository = _module.repository
