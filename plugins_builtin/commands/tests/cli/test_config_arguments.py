"""`config:set` with arguments that a shell split, and with a value from standard input."""

from __future__ import annotations

import io
import sys

import pytest
from dokkupy.cli.main import main
from dokkupy.host import Host


@pytest.fixture
def blog(host: Host) -> Host:
    assert main(["apps:create", "blog"], host=host) == 0
    return host


def fed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_argument_without_equals_sign_is_named_by_the_variable_before_it(
    blog: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config:set", "blog", "A=1", "MSG=hello", "s3cret"], host=blog) == 1
    shown = capsys.readouterr().err
    assert "Invalid env pair: the argument after MSG=... has no =" in shown
    assert "Over SSH, quote twice: \"MSG='two words'\"" in shown
    assert "s3cret" not in shown  # the argument may be half of a password
    assert main(["config:set", "blog", "hello"], host=blog) == 1
    assert "the first argument has no =" in capsys.readouterr().err
    assert main(["config:get", "blog", "A"], host=blog) == 1


def test_value_comes_from_standard_input_with_its_line_breaks(
    blog: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fed(monkeypatch, "-----BEGIN-----\nü = x\n".encode())
    assert main(["config:set", "--no-restart", "blog", "--stdin", "CERT"], host=blog) == 0
    capsys.readouterr()
    assert main(["config:get", "blog", "CERT"], host=blog) == 0
    assert capsys.readouterr().out == "-----BEGIN-----\nü = x\n"
    assert main(["config:set", "blog", "--stdin", "A=b"], host=blog) == 1
    assert "--stdin takes one KEY, without a value" in capsys.readouterr().err
    fed(monkeypatch, b"\xff")
    assert main(["config:set", "blog", "--stdin", "A"], host=blog) == 1
    assert "not UTF-8 text" in capsys.readouterr().err
