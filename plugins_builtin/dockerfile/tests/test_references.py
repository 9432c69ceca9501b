"""The images that a Dockerfile names."""

from __future__ import annotations

import pytest
from dokkupy_dockerfile.references import UNREADABLE, frontends, named_images, with_names

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("FROM python:3.13\n", ["python:3.13"]),
        ("# syntax=example/frontend:1\nFROM --platform=linux/amd64 a AS one\nFROM one\n", ["example/frontend:1", "a"]),
        ("ARG BASE=dokku/b\nFROM ${BASE}:latest\n", ["dokku/b:latest"]),
        ("ARG BASE\nFROM $BASE\n", ["given:1"]),
        ("FROM a\nCOPY --from=dokku/b:r1 /x /x\nCOPY --from=0 /y /y\n", ["a", "dokku/b:r1"]),
        ("FROM a\nRUN --mount=type=bind,from=dokku/b,target=/x cat /x\n", ["a", "dokku/b"]),
        ('FROM a\nRUN --mount="type=bind","FROM=dokku/b",target=/x cat /x\n', ["a", "dokku/b"]),
        ("FROM a\nONBUILD COPY --from=dokku/b /x /x\n", ["a", "dokku/b"]),
        ("FROM scratch\nCOPY --from=7 /x /x\n", ["7"]),
        ("# escape=`\n# syntax=front:1 more words\nFROM a\n", ["front:1", "a"]),
        ("#!/usr/bin/env x\n// syntax = front:1\nFROM a\n", ["front:1", "a"]),
        ("\ufeff# syntax=front:1\nFROM a\n", ["front:1", "a"]),
        ('{"syntax": "front:1"}', ["front:1"]),
        ("FR\\\nOM 127.0.\\\n0.1:5000/x\n", ["127.0.0.1:5000/x"]),
        ("FROM a\nRUN cat <<X\nFROM dokku/b\nX\n", ["a", "dokku/b"]),
    ],
)
def test_each_image_that_a_dockerfile_names_is_found(text: str, names: list[str]) -> None:
    assert named_images(text, {"BASE": "given:1"} if "ARG BASE\n" in text else {}) == names


def test_the_frontend_of_a_build_argument_is_an_image_that_the_build_names() -> None:
    assert named_images("# syntax=other:1\nFROM a\n", {"BUILDKIT_SYNTAX": "dokkupy/x"}) == ["dokkupy/x", "other:1", "a"]


def test_an_image_gets_another_name_wherever_it_is_named_and_nowhere_else() -> None:
    text = "FROM mine:1 AS one\nfrom --platform=x mine:1\nCOPY --from=mine:1 /a /a\nRUN echo FROM mine:1 mine:12\nFROM mine:12\n"
    assert with_names(text, {"mine:1": "dokku/a:load-1"}) == (
        "FROM dokku/a:load-1 AS one\nfrom --platform=x dokku/a:load-1\nCOPY --from=dokku/a:load-1 /a /a\n"
        "RUN echo FROM mine:1 mine:12\nFROM mine:12\n"
    )


def test_brackets_without_end_are_no_json() -> None:
    assert named_images("[" * 200_000 + "\nFROM a\n", {}) == ["a"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("# syntax=docker/dockerfile:1\n# syntax=evil/front\nFROM a\n", ["docker/dockerfile:1", "evil/front"]),
        ("# about\n\n// syntax=front:1\n# SYNTAX = other:1\nFROM a\n# syntax=late\n", ["front:1", "other:1"]),
        ('\ufeff\n {"syntax": "one", "S\\u0079ntax": "two", "x": {"syntax": 3}}', ["one", "two"]),
        ('{"syntax": "one"} FROM a', [UNREADABLE]),
        ('{"a": ' + "[" * 5000 + "]" * 5000 + ', "syntax": "one"}', [UNREADABLE]),
    ],
)
def test_every_frontend_that_some_version_of_buildkit_would_run_is_found(text: str, names: list[str]) -> None:
    assert frontends(text, {}) == names


def test_an_image_that_an_onbuild_trigger_names_is_found_but_not_a_stage() -> None:
    triggers = ["COPY --from=dokku/b /x /x", "COPY --from=one /y /y"]
    assert named_images("FROM a AS one\nRUN true \\", {}, triggers) == ["a", "dokku/b"]
