"""The comparison with Dokku (docs/reference/dokku-compatibility.md): no command of Dokku is missing without a
reason."""

from __future__ import annotations

import functools
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))

import compatibility  # noqa: E402
from generate import shipped  # noqa: E402

pytestmark = pytest.mark.unit

CORE_COMMANDS = 209
"""The number of Dokku's commands, without `:help`, k3s and the four other proxies."""
AS_GOOD = 208
"""The number of them that are the same or better here. Raise it with each new one."""


@functools.cache
def rows() -> list[compatibility.Row]:
    return compatibility.rows(shipped())


def test_each_command_of_dokku_exists_or_has_a_reason() -> None:
    assert [row.name for row in rows() if row.verdict in ("missing", "partly") and not row.why] == []


@pytest.mark.parametrize("table", ["missing", "better"])
def test_each_reason_belongs_to_a_command_of_dokku(table: str) -> None:
    verdicts = ("missing", "partly") if table == "missing" else ("better",)
    names = [row.name for row in rows() if row.verdict in verdicts]
    patterns = compatibility.catalogue()[table]
    unused = [one for one in patterns if not any(fnmatchcase(name, one) for name in names)]
    assert unused == [], "these are here now, or are spelled otherwise: remove them from docs/dokku.toml"


def test_number_of_same_or_better_commands_does_not_fall() -> None:
    core = [row for row in rows() if compatibility.is_core(row)]
    assert len(core) == CORE_COMMANDS
    assert sum(row.verdict in ("same", "better") for row in core) >= AS_GOOD


def test_unregistered_command_counts_as_missing() -> None:
    assert compatibility.compared(shipped(), "apps", "apps:no-such", []).verdict == "missing"
    row = compatibility.compared(shipped(), "apps", "apps:create", ["--no-such"])
    assert (row.verdict, row.why) == ("partly", "without `--no-such`")
