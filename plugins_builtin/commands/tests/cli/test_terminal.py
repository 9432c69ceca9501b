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


def facts(report: str) -> list[list[str]]:
    """Without the spaces: a terminal gets all values in one column, and Dokku's column breaks at 30 characters."""
    return [line.split() for line in report.splitlines()]


def test_values_of_a_report_are_in_one_column_on_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("apps:create", "blog")
    assert "       Ps computed stop timeout seconds: 30\n" in run("ps:report", "blog")[1]
    monkeypatch.setattr("dokkupy_apps.settings.property_commands.on_terminal", lambda: True)
    lines = run("ps:report", "blog")[1].splitlines()[1:]
    assert "       Ps computed stop timeout seconds:" in {line.rpartition(" ")[0].rstrip() for line in lines}
    assert len({len(line) - len(line.partition(": ")[2].lstrip()) for line in lines}) == 1


def test_a_report_leaves_out_what_is_empty_on_a_terminal_only(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("apps:create", "blog")
    run("ps:set", "blog", "restart-policy", "always")
    whole, verbose, as_json = (
        run("ps:report", "blog", *more)[1] for more in ((), ("--verbose",), ("--format", "json"))
    )
    empty = [line for line in whole.splitlines() if line.endswith(":")]
    assert len(empty) > 3
    with monkeypatch.context() as patched:
        patched.setattr("dokkupy_apps.settings.property_commands.on_terminal", lambda: True)
        assert facts(run("ps:report", "blog")[1]) == [one for one in facts(whole) if not one[-1].endswith(":")]
        assert facts(run("ps:report", "blog", "--verbose")[1]) == facts(verbose)
        assert run("ps:report", "blog", "--format", "json")[1] == as_json
        assert run("ps:report", "blog", "--ps-procfile-path") == (0, "\n", "")
