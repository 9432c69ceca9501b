"""When a schedule is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from dokkupy.cli.parse import parse
from dokkupy_sdk.cli import Annotated, Arg, Group, Host
from dokkupy_sdk.cron import Cron
from dokkupy_sdk.errors import UserError

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text", ["", "x", "* * * *", "* * * * * *", "60 * * * *", "0 0 30 2 *", "* * * * *; id", "-f", "0 0 * * *\n"]
)
def test_bad_cron_expressions_are_refused(text: str) -> None:
    if text.endswith("\n"):
        assert Cron(text) == "0 0 * * *"
        return
    with pytest.raises(UserError):
        Cron(text)


def test_missed_firings_are_one() -> None:
    cron = Cron("@daily")
    since = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert not cron.is_due(since, since + timedelta(hours=11))
    assert cron.is_due(since, since + timedelta(hours=12)) and cron.is_due(since, since + timedelta(days=9))
    assert not cron.is_due(since + timedelta(days=9), since + timedelta(days=9, hours=1))


def test_interval_is_the_longest_pause_between_two_firings() -> None:
    assert Cron("0 3 * * *").interval(datetime(2026, 1, 1)) == timedelta(days=1)
    assert Cron("0 3 * * 1-5").interval(datetime(2026, 1, 1)) == timedelta(days=3)
    assert Cron("*/15 * * * *").interval(datetime(2026, 1, 1)) == timedelta(minutes=15)


def test_five_arguments_are_one_expression_where_ssh_split_what_was_quoted_once() -> None:
    group = Group("x", "A group")

    @group.command("at", permission="open")
    def at(host: Host, cron: Annotated[Cron, Arg("cron")], name: str = "", *, verify: Cron | None = None) -> None:
        """Do it then."""

    def parsed(line: str) -> tuple[object, ...]:
        call = parse(group.commands["at"], line.split())
        return (*call.arguments, call.keywords["verify"])

    assert parsed("30 3 * * * db") == ("30 3 * * *", "db", None)
    assert parsed("@daily db") == ("0 0 * * *", "db", None)
    assert parsed("--verify 0 5 * * 0 30 3 * * mon-fri") == ("30 3 * * mon-fri", "", "0 5 * * 0")
    assert parse(group.commands["at"], ["30 3 * * *", "db"]).arguments == ["30 3 * * *", "db"]
    with pytest.raises(UserError, match="'30' is not a cron expression of five fields"):
        parsed("30 3 README.md setup.py")
