from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from dokkupy.kernel.console import Console
from dokkupy_sdk import waiting

SPIN = """
import os, pty, sys
pid, fd = pty.fork()
if not pid:
    import threading
    from dokkupy.cli.output import Terminal
    from dokkupy_sdk.waiting import waiting
    spun = threading.Event()
    class Screen(Terminal):
        def progress(self, text):
            super().progress(text)
            spun.set()
    with waiting(Screen(), "web.1 to answer"):
        spun.wait(60)
    os._exit(0 if "rich" in sys.modules else 3)
shown = b""
while True:
    try:
        shown += os.read(fd, 4096)
    except OSError:
        break
print(shown.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_a_wait_says_for_what_it_waits_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "EVERY", 0.01)
    said: list[str] = []
    twice = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        if len(said) == 2:
            twice.set()

    with waiting.waiting(Console(), "web.1 on port 5000", say=say):
        assert twice.wait(60)
    assert said[0] == "Still waiting for web.1 on port 5000 (0 s)"


def test_a_terminal_has_a_spinner_with_the_elapsed_time() -> None:
    done = subprocess.run([sys.executable, "-c", SPIN], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "web.1 to answer " in done.stdout and "\x1b[K" in done.stdout


def test_a_wait_without_a_terminal_does_not_import_rich() -> None:
    code = (
        "import sys; from dokkupy.cli.output import Terminal; from dokkupy_sdk.waiting import waiting\n"
        "with waiting(Terminal(), 'x', say=print): pass\n"
        "sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE).returncode == 0
