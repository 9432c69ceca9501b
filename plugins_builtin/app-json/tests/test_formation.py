"""A formation of app.json decides how many instances run; where it would take what serves away, the deploy is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dokkupy_apps.desired.properties import PS
from dokkupy_apps.processes.scale import scale
from dokkupy_apps.processes.start_stop import start_app, stop_app
from dokkupy_apps.releases.records import current
from dokkupy_apps.releases.serving import serving_formation
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import AppError, Conflict
from dokkupy_sdk.model import Deployment
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing import FakeEngine, fake_host

BLOG = AppName("blog")
WEB, WORKER = ProcessType("web"), ProcessType("worker")
TREE = {"Procfile": "web: serve\nworker: work\nrelease: migrate\n"}
APP_JSON = '{"formation": {"web": {"quantity": 0}, "worker": {"quantity": 1}}}'


def engine(host: Host) -> FakeEngine:
    made = host.engine()
    assert isinstance(made, FakeEngine)
    return made


def test_a_formation_of_the_source_without_web_is_refused_where_web_serves(tmp_path: Path) -> None:
    host = fake_host(tmp_path, plugins=("app-json",))
    deploy(host, "blog", TREE)
    with pytest.raises(AppError, match="app.json of blog sets the quantity of web to 0") as refusal:
        deploy(host, "blog", {**TREE, "app.json": APP_JSON})
    assert "`ps:scale blog web=0`" in refusal.value.hint
    scale(host, BLOG, {WEB: 0})
    deploy(host, "blog", {**TREE, "app.json": APP_JSON})


def quantities(host: Host) -> dict[str, int]:
    return {str(name): count for name, count in serving_formation(host, BLOG).items() if count}


def formation(**counts: int) -> dict[str, str]:
    table = {name: {"quantity": count} for name, count in counts.items()}
    return {**TREE, "app.json": json.dumps({"formation": table})}


def printed(host: Host) -> str:
    return host.out.text()  # type: ignore[attr-defined,no-any-return]


def test_a_quantity_of_app_json_is_a_first_value_that_ps_scale_changes_and_the_next_push_keeps(tmp_path: Path) -> None:
    host = fake_host(tmp_path, plugins=("app-json",))
    deploy(host, "blog", formation(web=1, worker=1))
    scale(host, BLOG, {WEB: 3})
    assert quantities(host) == {"web": 3, "worker": 1}
    deploy(host, "blog", formation(web=2, worker=2))
    assert quantities(host) == {"web": 3, "worker": 2}, "what nobody scaled follows the file"
    note = "Keeping what ps:scale set: web=3 (app.json: 2). To follow app.json: ps:scale blog web=default"
    assert printed(host).count(note) == 1
    scale(host, BLOG, {WEB: None})
    assert quantities(host) == {"web": 2, "worker": 2}
    deploy(host, "blog", formation(web=1))
    assert quantities(host) == {"web": 1}
    assert printed(host).count("Keeping what ps:scale set") == 1


def test_without_a_quantity_in_the_file_the_default_is_one_web(tmp_path: Path) -> None:
    host = fake_host(tmp_path, plugins=("app-json",))
    deploy(host, "blog", TREE)
    scale(host, BLOG, {WEB: 2, WORKER: 2})
    scale(host, BLOG, {WEB: None, WORKER: None})
    assert quantities(host) == {"web": 1}


def test_a_locked_scale_is_that_of_the_file_and_is_refused_in_words_of_dokku(tmp_path: Path) -> None:
    host = fake_host(tmp_path, plugins=("app-json",))
    deploy(host, "blog", formation(web=1))
    scale(host, BLOG, {WEB: 3})
    with operation(host, "test", "app:blog") as tx:
        PS.set(tx, BLOG, "app-json-scale", "lock")
        tx.commit()
    message = "App blog contains an app.json file with a formations key and cannot be manually scaled"
    with pytest.raises(Conflict, match=message) as refusal:
        scale(host, BLOG, {WEB: 2})
    assert "ps:set blog app-json-scale first" in refusal.value.hint
    start_app(host, BLOG)
    assert quantities(host) == {"web": 1}
    deploy(host, "blog", formation(web=2))
    assert quantities(host) == {"web": 2}
    assert "Keeping" not in printed(host)
    deploy(host, "blog", TREE)
    scale(host, BLOG, {WEB: 4})
    assert quantities(host) == {"web": 4}, "a file without quantities locks nothing"


def test_a_lock_keeps_a_push_from_taking_web_away_until_the_app_is_stopped(tmp_path: Path) -> None:
    host = fake_host(tmp_path, plugins=("app-json",))
    with operation(host, "test", "global") as tx:
        PS.set(tx, None, "app-json-scale", "lock")
        tx.commit()
    deploy(host, "blog", TREE)
    with pytest.raises(AppError, match="app.json of blog sets the quantity of web to 0") as refusal:
        deploy(host, "blog", {**TREE, "app.json": APP_JSON})
    assert "`ps:stop blog`" in refusal.value.hint
    stop_app(host, BLOG)
    deploy(host, "blog", {**TREE, "app.json": APP_JSON})
    assert quantities(host) == {"worker": 1}


PARALLEL = '{"formation": {"web": {"quantity": 5, "max_parallel": 2}, "worker": {"quantity": 3}}}'


class Recorder:
    """Which instances each call of `pre_switch` is about, and how many of the app ran then."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.refuses = ""

    @hookimpl
    def pre_switch(self, deployment: Deployment) -> None:
        self.groups.append([one.dyno for one in deployment.fresh])
        if self.refuses in self.groups[-1]:
            raise AppError("The check failed")


def test_no_more_instances_of_a_type_start_at_once_than_the_source_says(tmp_path: Path) -> None:
    host, recorder = fake_host(tmp_path, plugins=("app-json",)), Recorder()
    host.hooks.manager.register(recorder, name="recorder")
    deployment = deploy(host, "blog", {**TREE, "app.json": PARALLEL})
    assert recorder.groups == [
        ["web.1", "web.2", "worker.1", "worker.2", "worker.3"],
        ["web.3", "web.4"],
        ["web.5"],
    ]
    assert [one.dyno for one in deployment.fresh] == [one for group in recorder.groups for one in group]
    assert len(deployment.instances) == 8
    assert not [line for line in host.out.text().splitlines() if "max_parallel" in line]  # type: ignore[attr-defined]


def test_a_group_that_fails_its_check_keeps_the_next_from_starting_and_leaves_nothing(tmp_path: Path) -> None:
    host, recorder = fake_host(tmp_path, plugins=("app-json",)), Recorder()
    deploy(host, "blog", TREE)
    before = sorted(engine(host).made)
    host.hooks.manager.register(recorder, name="recorder")
    recorder.refuses = "web.3"
    with pytest.raises(AppError, match="The check failed"):
        deploy(host, "blog", {**TREE, "app.json": PARALLEL})
    assert len(recorder.groups) == 2
    assert sorted(engine(host).made) == before


def test_another_path_of_app_json_changes_nothing_before_the_next_deploy(tmp_path: Path) -> None:
    """The worker of the serving release stopped at the next restart, because its file was looked for by the new path."""
    host = fake_host(tmp_path, plugins=("app-json", "commands"))
    deploy(host, "blog", formation(web=1, worker=1))
    assert main(["app-json:set", "blog", "appjson-path", "other.json"], host=host) == 0
    for words in (["ps:restart", "blog"], ["config:set", "blog", "A=1"], ["ps:scale", "blog", "web=2"]):
        assert main(words, host=host) == 0, words
        assert quantities(host)["worker"] == 1, words
        running = {one.process for one in current(host, BLOG)[1]}
        assert running == {WEB, WORKER}, words


def test_a_deploy_without_the_configured_file_is_refused_if_the_app_would_lose_its_app_json(tmp_path: Path) -> None:
    host = fake_host(tmp_path, plugins=("app-json", "commands"))
    first = deploy(host, "blog", formation(web=1, worker=1))
    assert main(["app-json:set", "blog", "appjson-path", "other.json"], host=host) == 0
    with pytest.raises(
        AppError, match=r"other\.json, where app\.json of blog is read from, is not in the source"
    ) as refusal:
        deploy(host, "blog", formation(web=1, worker=1))
    assert "app-json:set blog appjson-path" in refusal.value.hint
    release, instances = current(host, BLOG)
    assert release == first.release and {one.process for one in instances} == {WEB, WORKER}
    deploy(host, "blog", {**TREE, "other.json": formation(web=1, worker=2)["app.json"]})
    assert quantities(host) == {"web": 1, "worker": 2}
    assert main(["releases:rollback", "blog"], host=host) == 0
    assert quantities(host) == {"web": 1, "worker": 1}, "a rollback reads the file by the path of its release"


def test_an_app_that_never_had_an_app_json_is_deployed_with_a_warning(tmp_path: Path) -> None:
    host = fake_host(tmp_path, plugins=("app-json", "commands"))
    assert main(["app-json:set", "--global", "appjson-path", "deploy/app.json"], host=host) == 0
    deploy(host, "blog", TREE)
    assert "deploy/app.json, where app.json of blog is read from, is not in the source" in printed(host)
