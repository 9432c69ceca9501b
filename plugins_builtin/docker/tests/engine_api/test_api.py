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
