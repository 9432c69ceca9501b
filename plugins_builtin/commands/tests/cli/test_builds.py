"""Commands builds:*: records of builds."""

from __future__ import annotations

import json

from dokkupy.host import Host
from dokkupy_apps.testing import deploy

from plugins_builtin.commands.tests.conftest import TREE, Run


def test_records_of_builds_of_all_apps_are_pruned_at_once(run: Run, host: Host) -> None:
    for app in ("blog", "shop"):
        for number in range(3):
            deploy(host, app, {**TREE, "version": str(number)})
    run("builds:set", "--global", "retention", "1")
    count = lambda app: len(json.loads(run("builds:list", app, "--format", "json")[1]))  # noqa: E731
    assert (count("blog"), count("shop")) == (3, 3)
    status, _, error = run("builds:prune")
    assert status == 1 and "Please specify an app" in error
    assert run("builds:prune", "--all-apps")[0] == 0
    assert (count("blog"), count("shop")) == (1, 1)
