"""Shows that a wait goes on: a spinner with the elapsed time on a terminal, a line every ten seconds elsewhere, also on a
terminal that cannot delete a line (TERM=dumb)."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager

from dokkupy_sdk.lines import NARROW, one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dokkupy.kernel.console import Console

EVERY = 10.0
"""Seconds between two lines."""

FRAME = 0.1


@contextmanager
def waiting(out: Console, what: str, *, say: Callable[[str], None] | None = None) -> Iterator[None]:
    """what: for what the body of the `with` waits, such as `release: python3 release.py`. say: prints the line of each ten
    seconds; None: the body has such lines of its own, and only a terminal shows something."""
    live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if not live and say is None:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=spin if live else repeat, args=(out, what, ended, say), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        if live:
            out.progress("")


def repeat(out: Console, what: str, ended: threading.Event, say: Callable[[str], None]) -> None:
    began = time.monotonic()
    while not ended.wait(EVERY):
        say(f"Still waiting for {one_line(what, NARROW)} ({time.monotonic() - began:.0f} s)")


def spin(out: Console, what: str, ended: threading.Event, say: object) -> None:
    import shutil

    from rich.spinner import Spinner

    began, frames = time.monotonic(), Spinner("dots").frames
    number = 0
    while not ended.wait(FRAME):
        number += 1
        line = f"{frames[number % len(frames)]} {what} {time.monotonic() - began:.1f} s"
        out.progress(line[: shutil.get_terminal_size().columns - 1])
