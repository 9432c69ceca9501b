"""The output that the user sees: Dokku's prefixes and streams, JSON, live progress on a terminal."""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock  # a module less than threading

from dokkupy.kernel.console import Console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

SEQUENCE = r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)"
CONTROL = r"[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
COLOUR = r"\x1b\[[0-9;]*m"
MARKS = {"----->": "36", "=====>": "1", " !    ": "33"}
"""The style of a line's mark (ECMA-48, SGR): cyan for a step, bold for a title, yellow for a warning."""
ERROR = "31"


def harmless(text: str, kept: str = "(?!)") -> str:
    """Remove control sequences and marks of the direction of text, because an app's output must not control the reader's
    terminal. Tabs and new lines stay. kept: a pattern of sequences that stay too."""
    if text.isprintable():
        return text
    import re

    return re.sub(f"({kept})|{SEQUENCE}|{CONTROL}", r"\1", text)


def colorful(stream: IO[str]) -> bool:
    """Whether the reader of a stream wants colours. https://no-color.org and https://bixense.com/clicolors have the rules."""
    wishes = os.environ
    if wishes.get("NO_COLOR"):
        return False
    if any(wishes.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return stream.isatty() and wishes.get("CLICOLOR") != "0" and wishes.get("TERM") != "dumb"


def painted(line: str, stream: IO[str], style: str = "") -> str:
    """A line, with its mark in colour for a reader who wants that. style: in place of the mark's own."""
    style = style or MARKS.get(line[:6], "")
    return f"\x1b[{style}m{line[:6]}\x1b[0m{line[6:]}" if style and colorful(stream) else line


class Terminal(Console):
    """The console of a command line. quiet: omits headers. log: a file that also receives every line."""

    def __init__(self, *, quiet: bool = False, trace: bool = False, is_json: bool = False) -> None:
        self.quiet = quiet
        self.trace = trace
        self.stdout: IO[str] = sys.stderr if is_json else sys.stdout
        self.is_json = is_json
        self.stderr = sys.stderr
        self._live = False
        self._lock = allocate_lock()
        """A thread shows progress while another one writes lines."""

    def write(self, stream: IO[str], line: str, style: str = "") -> None:
        line = harmless(line, COLOUR)
        with self._lock:
            if self._live:
                print("\r\x1b[K", end="", file=self.stderr, flush=True)
                self._live = False
            try:
                stream.write(painted(line, stream, style) + "\n")
                stream.flush()
            except BrokenPipeError:
                # The reader is gone (a dropped SSH connection). Signals end an operation, not a failed output.
                devnull = os.open(os.devnull, os.O_WRONLY)
                os.dup2(devnull, stream.fileno())
            if self.log is not None:
                self.log.write(line + "\n")
                self.log.flush()

    def section(self, text: str) -> None:
        self.write(self.stdout, f"-----> {text}")

    def title(self, text: str) -> None:
        self.write(self.stdout, f"=====> {text}")

    def header(self, text: str) -> None:
        if not self.quiet:
            self.title(text)

    def detail(self, text: str) -> None:
        self.write(self.stdout, f"       {text}".rstrip())

    def warn(self, text: str) -> None:
        self.write(self.stderr, f" !     {text}")

    def error(self, text: str) -> None:
        self.write(self.stderr, f" !     {text}", ERROR)

    def debug(self, text: str) -> None:
        if self.trace:
            self.write(self.stderr, f" ?     {text}")

    def stream(self, line: str, *, error: bool = False) -> None:
        (self.warn if error else self.detail)(harmless(line))

    def progress(self, text: str) -> None:
        if self.stderr.isatty() and os.environ.get("TERM") != "dumb":
            with self._lock:
                print(f"\r\x1b[K{text}", end="", file=self.stderr, flush=True)
                self._live = True
