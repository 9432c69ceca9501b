"""The commands `ps:*`: quantities and properties."""

from __future__ import annotations

import json

from dokkupy.host import Host
from dokkupy_apps.testing import deploy

from plugins_builtin.commands.tests.conftest import TREE, Run


def test_ps_scale_shows_and_sets(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    assert run("ps:scale", "blog", "web=2", "worker=1")[0] == 0
    assert json.loads(run("ps:scale", "blog", "--format", "json")[1]) == {"web": 2, "worker": 1}
    for bad in ("web", "web=-1", "web=x", "clock=1", "web=1001"):
        assert run("ps:scale", "blog", bad)[0] == 1
    assert run("ps:report", "blog", "--running")[1] == "true\n"


def test_an_app_that_was_never_deployed_is_a_warning(run: Run) -> None:
    run("apps:create", "blog")
    for verb in ("ps:restart", "ps:stop", "ps:start"):
        status, _, error = run(verb, "blog")
        assert status == 0 and "has not been deployed" in error


def test_a_dry_run_of_a_property_changes_nothing(run: Run, host: Host) -> None:
    run("apps:create", "blog")
    assert run("ps:set", "--dry-run", "blog", "restart-policy", "always")[0] == 0
    assert run("ps:report", "blog", "--ps-restart-policy")[1] == "\n"
