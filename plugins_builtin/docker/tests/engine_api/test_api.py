"""Requests and answers without Docker's SDK."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from dokkupy_docker.engine_api import api

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("text", ['{"a": [1, -2.5e3, "x\\u00e9", null, true]}\n', "[]", ' "\\ud83d\\ude00" ', "3"])
def test_fast_json_parser_gives_the_same_result_as_json(text: str) -> None:
    assert api.parsed(text.encode()) == json.loads(text)


@pytest.mark.parametrize("text", ["", "{", "nothing", '{"a"}', "{} {}"])
def test_fast_json_parser_refuses_invalid_json(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        api.parsed(text.encode())


def test_a_query_is_quoted_as_the_standard_library_quotes_it() -> None:
    text = '{"label": ["dokkupy.app=blög"]} /:@&?#%~'
    assert api.quoted(text) == quote(text, safe="/:@")


HEADS = [
    (b"HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\nserver: Docker/20.10.24+dfsg1 (linux)", "20.10.24+dfsg1"),
    (b"HTTP/1.0 200 OK\r\nServer: Docker/29.0.1 (linux)", "29.0.1"),
    (b"HTTP/1.0 200 OK\r\nServer: Libpod/4.3.1 (linux)", "5.0.0"),
    (b"HTTP/1.0 200 OK", "5.0.0"),
]


@pytest.mark.parametrize(("head", "version"), HEADS)
def test_the_version_is_read_from_the_head_of_a_response_if_it_is_there(
    head: bytes, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answered(method: str, target: str, body: object, **_: object) -> tuple[bytes, bytes]:
        return (head, b"OK") if target.endswith("/_ping") else (b"HTTP/1.0 200 OK", b'{"Version": "5.0.0"}')

    monkeypatch.setattr(api, "answered", answered)
    assert api.engine_version() == version
