"""A formation of app.json decides how many instances run; where it would take what serves away, the deploy is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_apps.processes.start_stop import stop_app
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Deployment
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import FakeEngine, fake_host

BLOG = AppName("blog")
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
    assert "`ps:stop blog`" in refusal.value.hint
    stop_app(host, BLOG)
    deploy(host, "blog", {**TREE, "app.json": APP_JSON})


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
