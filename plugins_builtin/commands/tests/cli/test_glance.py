"""`ps` shows all apps on one screen, and `releases:list` shows who made each release."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from dokkupy.host import Host
from dokkupy_apps.processes import states
from dokkupy_apps.testing import deploy
from dokkupy_commands.cli.glance import age
from dokkupy_sdk.errors import CheckFailed
from dokkupy_sdk.names import AppName
from dokkupy_sdk.state import InstanceRow
from dokkupy_sdk.testing import FakeScheduler

from plugins_builtin.commands.tests.conftest import Run

TREE = {"Procfile": "web: serve\nworker: work\n"}


def rows(run: Run, *words: str, who: str = "tester") -> dict[str, dict[str, object]]:
    return {row["app"]: row for row in json.loads(run(*words, "--format", "json", who=who)[1])}


def test_each_app_has_a_line_with_its_state_release_processes_and_url(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    run("apps:create", "shop")
    run("ps:scale", "blog", "worker=2")
    run("domains:set", "blog", "blog.example.com")
    head, blog, shop = run("ps")[1].splitlines()
    assert head.split() == ["APP", "STATE", "RELEASE", "AGE", "BY", "PROCESSES", "RESTARTS", "URL"]
    assert blog.split()[:4] == ["blog", "●", "running", "v1"] and "web 1/1 worker 2/2" in blog
    assert blog.endswith("http://blog.example.com")
    assert shop.split() == ["shop", "○", "new"]


def test_app_with_instances_down_is_shown_as_such(run: Run, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(host, "blog", TREE)
    run("ps:scale", "blog", "worker=1")
    asked = states.states

    def one_down(host: Host, app: AppName, found: Sequence[InstanceRow]) -> dict[str, str]:
        down = {one.id: "exited" for one in found if one.process == "worker"}
        return {**asked(host, app, found), **down}

    monkeypatch.setattr(states, "states", one_down)
    row = rows(run, "ps")["blog"]
    assert row["state"] == "partly"
    assert row["processes"] == {"web": {"running": 1, "wanted": 1}, "worker": {"running": 0, "wanted": 1}}
    run("ps:stop", "blog")
    assert rows(run, "ps:list", "blog")["blog"]["state"] == "stopped"


def test_a_broken_app_does_not_hide_the_others(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    deploy(host, "shop", TREE)
    with open(host.path("apps", "shop", "deployment.toml"), "w", encoding="utf-8") as file:
        file.write("release = [")
    found = rows(run, "ps")
    assert (found["blog"]["state"], found["shop"]["state"]) == ("running", "broken")


def test_an_app_whose_first_deploy_failed_says_so_and_what_to_type(run: Run, host: Host) -> None:
    scheduler = host.scheduler()
    assert isinstance(scheduler, FakeScheduler)
    scheduler.dead.add("web")
    with pytest.raises(CheckFailed):
        deploy(host, "wip", TREE)
    status, out, err = run("ps")
    assert (status, out.split()[-3:]) == (0, ["wip", "●", "failed"])
    assert err == " !     No deploy of wip has succeeded yet: why wip\n"
    run("apps:create", "new")
    assert rows(run, "ps")["new"]["state"] == "new"


def test_key_sees_only_its_own_apps(run: Run, host: Host) -> None:
    for name in ("blog", "shop"):
        deploy(host, name, TREE)
    host.store.write("global", "ssh-keys", data={"keys": {"dev": {"role": "deployer", "apps": ["blog"]}}})
    assert list(rows(run, "ps", who="key:dev")) == ["blog"]
    assert run("ps:list", "shop", who="key:dev")[0] != 0


def test_other_commands_still_work_in_the_form_with_a_space(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    assert run("ps", "scale", "blog")[1] == run("ps:scale", "blog")[1]
    assert run("ps", "blog")[1].split()[8] == "blog"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min"), (7200, "2 h"), (200_000, "2 d"), (10**6, "1 w"), (-5, "0 s")],
)
def test_age_is_given_in_the_largest_unit(seconds: int, text: str) -> None:
    assert age("2026-01-01T00:00:00Z", 1_767_225_600 + seconds) == text


def test_age_is_empty_without_a_time() -> None:
    assert age(None, 0.0) == age("", 0.0) == ""


def test_list_of_releases_shows_who_made_each(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    host.store.write("global", "ssh-keys", data={"keys": {"laptop": {"role": "deployer", "apps": ["blog"]}}})
    assert run("config:set", "blog", "A=1", who="key:laptop")[0] == 0
    head, second, first = run("releases", "blog")[1].splitlines()[-3:]
    assert head.split() == ["RELEASE", "MADE", "AT", "BY", "SOURCE", "WHAT"]
    assert second.split()[:2] == ["*", "v2"] and " laptop " in second
    rows = json.loads(run("releases", "blog", "--format", "json")[1])
    assert rows[0]["by"] == "key:laptop" and first.split()[0] == "v1"
