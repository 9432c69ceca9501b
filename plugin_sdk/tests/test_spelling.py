from __future__ import annotations

import pytest
from dokkupy_sdk.spelling import did_you_mean, likely

COMMANDS = (
    "apps apps:create apps:list apps:lock apps:rename apps:report config config:get config:set config:unset logs ps "
    "ps:rebuild ps:report ps:restart ps:scale ps:set ps:start ps:stop redis redis:create redis:restart releases "
    "releases:info releases:rollback"
).split()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("scale", ["ps:scale"]),
        ("rollback", ["releases:rollback"]),
        ("rollbak", ["releases:rollback"]),
        ("restart", ["ps:restart", "redis:restart"]),
        ("confg:set", ["config:set"]),
        ("config:sett", ["config:set"]),
        ("ps:re", ["ps:report", "ps:rebuild", "ps:restart"]),
        ("PS:SCALE", ["ps:scale"]),
        ("app", ["apps", "apps:list", "apps:lock"]),
        ("lgos", ["logs"]),
    ],
)
def test_a_command_that_does_not_exist_brings_those_that_were_meant(typed: str, meant: list[str]) -> None:
    assert likely(typed, COMMANDS) == meant


@pytest.mark.parametrize("typed", ["", "x", "frobnicate", "apps:zzz", "::", "\x00", "é" * 200])
def test_nothing_is_offered_for_a_word_that_resembles_none(typed: str) -> None:
    assert did_you_mean(typed, COMMANDS) == ""


def test_the_question_names_at_most_three() -> None:
    assert did_you_mean("web", ["web-a", "web-b", "web-c", "web-d"]) == "Did you mean web-a or web-b or web-c?"


def test_without_names_nothing_is_asked() -> None:
    assert did_you_mean("web", []) == ""


def test_letters_in_another_order_are_alike() -> None:
    assert did_you_mean("wbe", ["web", "worker"]) == "Did you mean web?"
