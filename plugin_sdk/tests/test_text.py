"""Text at the border: every reader sees one form of what Windows, macOS and Linux write."""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dokkupy.errors import AppError
from dokkupy_sdk.text import counted, decode_text, read_file, read_input, read_input_line
from dokkupy_sdk.tree import read_text

TEXT = "web: naïve\nworker: ünix\n"
WINDOWS = TEXT.replace("\n", "\r\n")
FORMS = {
    "plain": TEXT.encode(),
    "with a mark": b"\xef\xbb\xbf" + TEXT.encode(),
    "with the line ends of Windows": WINDOWS.encode(),
    "with both": b"\xef\xbb\xbf" + WINDOWS.encode(),
    "UTF-16 of PowerShell": b"\xff\xfe" + WINDOWS.encode("utf-16-le"),
    "UTF-16, the other order": b"\xfe\xff" + WINDOWS.encode("utf-16-be"),
}
NO_TEXT = {
    "Latin-1": "naïve".encode("latin-1"),
    "UTF-16 without a mark": "web: x".encode("utf-16-le"),
    "half of UTF-16": b"\xff\xfea",
    "a program": b"\x7fELF\x02\x01\x01\x00\x00",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_text(form: str) -> None:
    assert decode_text(FORMS[form]) == TEXT


@pytest.mark.parametrize("form", NO_TEXT)
def test_an_unknown_encoding_is_refused_and_not_guessed(form: str) -> None:
    with pytest.raises(ValueError):
        decode_text(NO_TEXT[form])


@pytest.mark.parametrize("form", FORMS)
def test_all_readers_read_every_form(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Procfile").write_bytes(FORMS[form])
    assert read_text(tmp_path, "Procfile") == TEXT
    assert read_file(str(tmp_path / "Procfile")) == TEXT
    for read, expected in ((read_input, TEXT), (read_input_line, TEXT.splitlines()[0])):
        if read is read_input_line and "UTF-16" in form:
            continue  # a line of UTF-16 ends with a byte of the next one; one line alone is read whole
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FORMS[form])))
        assert read() == expected


@pytest.mark.parametrize("form", NO_TEXT)
def test_a_binary_file_in_place_of_a_text_is_an_app_error(form: str, tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_bytes(NO_TEXT[form])
    with pytest.raises(AppError, match="Procfile in the source is not UTF-8 text"):
        read_text(tmp_path, "Procfile")


def test_only_the_end_of_a_line_changes() -> None:
    assert decode_text(b"a\rb\r\n\xef\xbb\xbfc") == "a\rb\n\ufeffc"


ROOT = Path(__file__).parents[3]
OWN_INPUT = {
    "dokkupy_sdk/confirm.py",
    "dokkupy_host/shell.py",
    "dokkupy_nginx/template/sandbox.py",
    "dokkupy_git/push/receive.py",
}
"""What a person types at a terminal, what dokkupy writes to itself, and the names of refs that git writes to its hook."""


def texts_of_standard_input() -> Iterator[str]:
    for root in (ROOT / "core/src", ROOT / "plugin_sdk/src", *ROOT.glob("plugins_builtin/*/src")):
        for file in root.rglob("*.py"):
            name = file.relative_to(root).as_posix()
            if name in OWN_INPUT or "/testing/" in name:
                continue
            text = file.read_text()
            if "stdin" not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.stdin.read", "sys.stdin.readline"):
                    yield f"{name}:{node.lineno}"


def test_text_on_standard_input_is_read_by_the_reader_of_the_border_alone() -> None:
    assert list(texts_of_standard_input()) == []


def test_one_of_a_thing_is_counted_in_the_singular() -> None:
    assert [counted(number, "key") for number in (0, 1, 2)] == ["0 keys", "1 key", "2 keys"]
