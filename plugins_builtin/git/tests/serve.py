"""The server's end of a git connection in these tests: what the SSH entry does, without SSH.

`git push --receive-pack="python serve.py"` runs `sh -c "python serve.py '/path'"`; words go to main as sshd's would.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

TESTS = str(Path(__file__).parent)
sys.path.insert(0, TESTS)

import stand_in  # noqa: E402
from dokkupy_sdk.entry import main  # noqa: E402

stand_in.install()
words = [sys.argv[1], *sys.argv[2:]]
os._exit(main(words, who=os.environ.get("TEST_WHO", "tester"), root=os.environ["DOKKUPY_ROOT"]))
