"""The command line in process, on a host of fakes: exit status and both streams."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest
from dokkupy.cli.main import main

from dokkupy_sdk import Host

Ran = tuple[int, str, str]
Run = Callable[..., Ran]
"""Takes the arguments, `stdin` (text or bytes) and `who`; returns exit status, standard output and standard error."""


def command_line(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """What types commands on this host; for a fixture of a test."""

    def typed(*words: str, stdin: str | bytes = "", who: str = "tester") -> Ran:
        monkeypatch.setattr(
            sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin))
        )
        capsys.readouterr()
        status = main(list(words), host=host, who=who)
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return typed
