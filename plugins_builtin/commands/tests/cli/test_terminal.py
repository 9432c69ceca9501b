"""What others chose must not control the terminal of whoever reads it."""

from __future__ import annotations

import pytest
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host

from plugins_builtin.commands.tests.conftest import Run

CHOSEN = "a\x1b[2J\x1b]0;title\x07\x9b31m\u202eb"
"""Clears the screen, sets the title, and writes from right to left."""


@pytest.mark.parametrize(
    "words",
    [
        (CHOSEN,),
        ("apps:list", f"--{CHOSEN}"),
        ("help", CHOSEN),
        ("config:show", "blog"),
        ("report", "blog"),
        ("ps:report", "blog"),
    ],
    ids=lambda words: "unknown" if words[0] == CHOSEN else words[0],
)
def test_no_output_for_people_has_control_characters(run: Run, host: Host, words: tuple[str, ...]) -> None:
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    run("config:set", "--no-restart", "blog", f"VALUE={CHOSEN}")
    host.store.write("apps", "blog", "ps", data={"properties": {"start-cmd": CHOSEN}})
    _, output, error = run(*words)
    shown = output + error
    assert "31mb" in shown and {one for one in shown if not one.isprintable()} <= {"\n", "\t"}


@pytest.mark.parametrize("words", [("config:get", "blog", "VALUE"), ("config:export", "blog")])
def test_values_for_programs_stay_as_they_are(run: Run, host: Host, words: tuple[str, ...]) -> None:
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    run("config:set", "--no-restart", "blog", f"VALUE={CHOSEN}")
    assert CHOSEN in run(*words)[1]
