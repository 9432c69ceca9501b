"""Following a log of the proxy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_following_a_quiet_log_ends_with_its_reader(tmp_path: Path) -> None:
    """Else each dropped SSH connection would leave a process behind."""
    log = tmp_path / "blog-access.log"
    log.write_text("GET /\n")
    code = f"from dokkupy_nginx.server.logs import *\nfor line in follow_lines({str(log)!r}): print(line, flush=True)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"GET /\n"
        child.stdout.close()
        assert child.wait(60) == 0
