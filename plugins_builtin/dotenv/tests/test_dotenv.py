"""`config:import` of `.env` files."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_apps.desired.config import get_env
from dokkupy_dotenv.read import read
from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, EnvKey
from dokkupy_sdk.testing import fake_host

FILE = """
# a comment
PLAIN=value
export EXPORTED=yes
SINGLE='a $b "c"'
DOUBLE="two\\nlines"
EMPTY=
REFERENCE=${HOME}/x
SPACED = around
OF_DOKKU="pa\\$\\$w\\!rd \\`x\\` \\\\$HOME \\"q\\" \\r\\n"
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return fake_host(tmp_path, plugins=("dotenv",))


def test_the_usual_lines_are_read_and_nothing_is_replaced(host: Host) -> None:
    assert read(host, FILE) == {
        "PLAIN": "value",
        "EXPORTED": "yes",
        "SINGLE": 'a $b "c"',
        "DOUBLE": "two\nlines",
        "EMPTY": "",
        "REFERENCE": "${HOME}/x",
        "SPACED": "around",
        "OF_DOKKU": 'pa$$w!rd `x` \\$HOME "q" \r\n',
    }


AWKWARD = [
    "two words",
    "$2a$10$abc",
    "`id`!",
    'a"b$c',
    "it's $5",
    "C:\\temp\\$x",
    "a\r\nb\n",
    "\\",
    "\\\\$",
    "#x",
    "",
    " x ",
    "ü'\"",
    "\\n",
]


def test_each_value_is_the_same_after_an_export(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dokkupy_sdk.entry import main

    blog = AppName("blog")
    create_app(host, blog)
    values = {f"V{number}": value for number, value in enumerate(AWKWARD)}
    assert main(["config:set", "blog", *(f"{key}={value}" for key, value in values.items())], host=host) == 0
    capsys.readouterr()
    assert main(["config:export", "blog", "--format", "envfile"], host=host) == 0
    text = capsys.readouterr().out
    assert read(host, text) == values
    assert "V1='$2a$10$abc'" in text.splitlines()  # no program replaces `$2a`


@pytest.mark.parametrize("line", ["JUSTAWORD", "=value", "A='unclosed"])
def test_a_line_that_is_none_is_named(host: Host, line: str) -> None:
    with pytest.raises(UserError, match="Line 2 "):
        read(host, f"GOOD=1\n{line}\n")


def test_config_import_takes_the_format_from_this_plugin(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dokkupy_sdk.entry import main

    blog = AppName("blog")
    create_app(host, blog)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FILE.encode())))
    assert main(["config:import", "blog"], host=host) == 0
    assert get_env(host, blog)[EnvKey("DOUBLE")].reveal() == "two\nlines"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"bad key=1\n")))
    assert main(["config:import", "--replace", "blog"], host=host) == 1
    assert len(get_env(host, blog)) == 8
    windows = b'\xef\xbb\xbfFIRST=1\r\nPEM="-----BEGIN-----\r\nabc\r\n-----END-----"\r\n'
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(windows)))
    assert main(["config:import", "blog"], host=host) == 0
    assert get_env(host, blog)[EnvKey("FIRST")].reveal() == "1"
    assert get_env(host, blog)[EnvKey("PEM")].reveal() == "-----BEGIN-----\nabc\n-----END-----"
    assert "value" not in capsys.readouterr().out
