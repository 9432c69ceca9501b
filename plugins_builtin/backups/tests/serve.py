"""A dokkupy process with the fake subject: `python serve.py BASE WORDS...`; for what is killed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from dokkupy_sdk.entry import main  # noqa: E402
from fake import make_host  # noqa: E402

if __name__ == "__main__":
    host, _ = make_host(Path(sys.argv[1]))
    status = main(sys.argv[2:], host=host)
    sys.stdout.flush()
    os._exit(status)
