"""A formation of app.json decides how many instances run; where it would take what serves away, the deploy is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_apps.processes.start_stop import stop_app
from dokkupy_apps.testing import deploy
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host

BLOG = AppName("blog")
TREE = {"Procfile": "web: serve\nworker: work\nrelease: migrate\n"}
APP_JSON = '{"formation": {"web": {"quantity": 0}, "worker": {"quantity": 1}}}'


def test_a_formation_of_the_source_without_web_is_refused_where_web_serves(tmp_path: Path) -> None:
    host = fake_host(tmp_path, plugins=("app-json",))
    deploy(host, "blog", TREE)
    with pytest.raises(AppError, match="app.json of blog sets the quantity of web to 0") as refusal:
        deploy(host, "blog", {**TREE, "app.json": APP_JSON})
    assert "`ps:stop blog`" in refusal.value.hint
    stop_app(host, BLOG)
    deploy(host, "blog", {**TREE, "app.json": APP_JSON})
