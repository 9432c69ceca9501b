"""Builds the bed's images beforehand, while the cheaper tests run: `python tests/e2e/prepare.py`.

What fails here is built again, and fails again, by the test that needs it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bed import images

os.nice(10)
images.python()
images.ready("bookworm")
images.packs()
images.ready("trixie")
images.ready("bookworm", systemd=False)
