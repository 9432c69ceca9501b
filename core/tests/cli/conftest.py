"""The command line in process, on a host of fakes: exit status and both streams."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dokkupy.cli.main import main
from dokkupy.kernel.host import Host
from dokkupy_sdk.testing import fake_host

Ran = tuple[int, str, str]
Run = Callable[..., Ran]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    for name in ("DOKKU_QUIET_OUTPUT", "DOKKU_APP_NAME", "DOKKUPY_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    return fake_host(tmp_path)


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    import io
    import sys

    def typed(*words: str, stdin: str | bytes = "", who: str = "tester") -> Ran:
        monkeypatch.setattr(
            sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin))
        )
        host.who = who
        capsys.readouterr()
        status = main(list(words), host=host)
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return typed
