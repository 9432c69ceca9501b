"""A scheduled task on a real host: even if a process is killed at any failpoint, the task starts only once and leaves
nothing.

To let a year pass, the record of the schedule is changed, not the clock, because that would affect the whole host.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from apps import Repository
from bed.engine import SOON
from bed.host import Host

APP = "t-cron"
STATE = f"/var/lib/dokkupy/apps/{APP}/cron-state.toml"
INDEX = "/var/lib/dokkupy/global/cron-index.toml"
KILLED_AT = (2, 3, 4)
"""Failpoints: after the container was created, after the start was recorded, and after the start."""


@pytest.fixture
def task(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The id of a task of an app that exits with 3."""
    repository = Repository(tmp_path_factory.mktemp("cron") / "app")
    repository.scalable()
    table = json.loads((repository.path / "app.json").read_text())
    command = "python3 -c \"import os, sys; print('TOKEN is', os.environ['TOKEN']); sys.exit(3)\""
    repository.write("app.json", json.dumps(table | {"cron": [{"command": command, "schedule": "0 0 1 1 *"}]}))
    repository.commit("a task for each year")
    host.exec(["dokkupy", "apps:create", APP])
    host.exec(["dokkupy", "config:set", APP, "TOKEN=very-secret-value"])
    host.exec(["dokkupy", "cron:set", APP, "missed", "run"])
    host.git_push(repository.path, APP)
    yield str(json.loads(host.exec(["dokkupy", "cron:list", APP, "--format", "json"]).stdout)[0]["id"])
    host.exec(["dokkupy", "apps:destroy", APP, "--force"])


def let_a_year_pass(host: Host) -> None:
    """Change the record in one write, because the timer may run at any time. Then either the timer or this test finds
    the task due."""
    past = int(time.time()) - 366 * 86400
    script = rf's/^cursor = .*/cursor = {past}/; /^served = \[/,/\]/d; s/^"app:{APP}" = .*/"app:{APP}" = {past}/'
    host.exec(["sed", "-i", "-E", script, STATE, INDEX])


def seconds(host: Host) -> int:
    return int(host.exec(["date", "+%s"]).stdout)


def history(host: Host) -> list[dict[str, Any]]:
    rows = json.loads(host.exec(["dokkupy", "cron:history", APP, "--format", "json", "-n", "100"]).stdout)
    return [row for row in rows if row["outcome"] != "missed"]


def left(host: Host) -> list[str]:
    labels = ("--filter", f"label=dokkupy.app={APP}", "--filter", "label=dokkupy.kind=cron")
    return host.exec(["docker", "ps", "-aq", *labels]).stdout.split()


def test_due_task_runs_once_whichever_process_is_killed_and_its_failure_is_recorded_and_reported(
    host: Host, task: str
) -> None:
    began = seconds(host)
    for count, number in enumerate(KILLED_AT, start=1):
        let_a_year_pass(host)
        host.exec(["dokkupy", "cron:run-due"], env={"DOKKUPY_FAILPOINT": f"kill@{number}"}, check=False)
        end = time.monotonic() + SOON
        while len(history(host)) < count or left(host):
            assert time.monotonic() < end, f"killed at {number}: {history(host)}, {left(host)}"
            host.exec(["dokkupy", "cron:run-due"])
        assert len(history(host)) == count, f"killed at {number}"
    started = (
        "--since",
        str(began),
        # Docker's client cuts `0s` to the whole second, so that a start in this second would be missing.
        "--until",
        str(seconds(host) + 1),
        "--filter",
        "event=start",
        "--filter",
        f"label=com.dokku.cron-id={task}",
    )
    events = host.exec(["docker", "events", *started]).stdout.splitlines()
    assert len(events) == len(KILLED_AT)

    row = history(host)[-1]
    assert (row["outcome"], row["exit_code"], row["why"], row["lines"]) == ("failed", 3, "late", ["TOKEN is ***"])
    assert f"the task {task} failed with status 3" in host.exec(["dokkupy", "doctor"], check=False).stdout
    said = host.exec(["dokkupy", "events", "-n", "300"]).stdout
    assert re.search(rf"cron_failed app={APP} task={task} .*exit_code=3", said) and "very-secret" not in said
    by_hand = host.exec(["dokkupy", "cron:run", APP, task], check=False)
    assert (by_hand.code, by_hand.stdout) == (3, "TOKEN is very-secret-value\n") and left(host) == []
