"""Procfiles of different editors, with all that their commands may contain."""

from __future__ import annotations

import pytest
from dokkupy.errors import AppError
from dokkupy_apps.builds.procfile import parse_procfile


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("web: python app.py", "python app.py"),
        ("web:python app.py   ", "python app.py"),
        ("  web  :  python app.py", "python app.py"),
        ("web: python app.py # the site", "python app.py"),
        ("web: python app.py // the site", "python app.py"),
        ("web: python app.py #", "python app.py"),
        ("web: curl http://x//y", "curl http://x//y"),
        ("web: serve --color #fff", "serve --color #fff"),
        ("web: echo 'a # b' \"c # d\" e\\ # f", "echo 'a # b' \"c # d\" e\\ # f"),
        ('web: sh -c "echo \\" # x" # comment', 'sh -c "echo \\" # x"'),
        ("web: echo it's # fine", "echo it's"),
        ("web: echo ${X:-a} : b", "echo ${X:-a} : b"),
        ("web: printf 'a\N{LINE SEPARATOR}b'", "printf 'a\N{LINE SEPARATOR}b'"),
    ],
)
def test_a_line_is_a_type_and_its_whole_command(line: str, command: str) -> None:
    assert parse_procfile(f"# first\n\n{line}\n// last\n") == {"web": command}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("web\n", "line 1: it is not `type: command`"),
        ("web:\n", "line 1: it is not `type: command`"),
        ("web: # nothing\n", "line 1: it is not `type: command`"),
        ("web: a\n\n<<<<<<< HEAD\n", "line 3"),
        ("web: a\nweb: b\n", "line 2: web is defined twice"),
    ],
)
def test_error_names_the_line_that_is_invalid(text: str, why: str) -> None:
    with pytest.raises(AppError, match=why):
        parse_procfile(text)
