"""After a plugin in use was removed, everything of it can still be unset, unlinked, stopped and destroyed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dokkupy.cli.main import main
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy.model.names import AppName
from dokkupy_apps.releases.records import current
from dokkupy_apps.testing import deploy
from dokkupy_sdk.testing import FakeEngine, fake_host
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.links import variables as links
from dokkupy_services.names import ServiceName
from dokkupy_services.testing.fakes import FakeDatastore

PLUGINS = tuple(sorted({entry.plugin for entry in entry_points()} - {"core", "sdk", "services"}))
BLOG = AppName("blog")


class Redis(FakeDatastore):
    kind = "redis"
    alias = "REDIS"


def host_with(root: Path, engine: FakeEngine | None, *plugins: str) -> Host:
    host = fake_host(root, plugins=("services", *plugins), real=("source",) if "git" in plugins else ())
    if "checks" in plugins:
        host.hooks.manager.unregister(name="checks")  # this test cannot wait, because fake instances never answer
    if engine is not None:
        engine.host = host
        host.override_role("engine", "fake", engine)
    return host


def in_use(root: Path) -> FakeEngine:
    """The app blog uses something of every plugin. Its service redis:data has a schedule."""
    host = host_with(root, None, *PLUGINS)
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    engine.keep("fake:1", {})
    deploy(host, "blog", {"Procfile": "web: serve"})
    redis = Redis(host)
    host.override_role("datastore", "redis", redis)
    lifecycle.create(host, redis, ServiceName("data"), ServiceOptions())
    links.link(host, redis, ServiceName("data"), BLOG)
    for words in (
        "certs:generate blog www.example.com",
        "docker-options:add blog deploy --init",
        "resource:limit blog --memory 64m",
        "checks:disable blog web",
        "buildpacks:set blog heroku/nodejs",
        "app-json:set blog appjson-path other.json",
        "git:set blog deploy-branch x",
        "logs:set blog max-size 20m",
        "letsencrypt:set blog graceperiod 86400",
        "backups:set upload-limit 5",
        "builder-dockerfile:set blog dockerfile-path Other",
        "builder-pack:set blog projecttoml-path other.toml",
    ):
        assert main(words.split(), host=host) == 0, words
    for namespace, name, value in (
        ("builder", "selected", "pack"),
        ("scheduler", "selected", "docker-local"),
        ("proxy", "type", "nginx"),
    ):
        host.store.write("apps", "blog", namespace, data={"properties": {name: value}})
    for place in (("apps", "blog", "nginx"), ("global", "nginx")):
        host.store.write(*place, data={"properties": {"hsts": "false"}})
    host.store.write("apps", "blog", "letsencrypt", data={"state": {"enabled": True, "parts": {}}})
    host.store.write(
        "backups",
        "schedules",
        "redis-data",
        data={
            "subject": "redis:data",
            "cron": "30 3 * * *",
            "target": "gone",
            "since": "2026-01-01T00:00:00Z",
        },
    )
    return engine


@pytest.mark.parametrize("plugin", PLUGINS)
def test_everything_of_a_removed_plugin_can_be_removed(
    tmp_path: Path, plugin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = in_use(tmp_path / "state")
    host = host_with(tmp_path / "state", engine, *(name for name in PLUGINS if name != plugin))
    capsys.readouterr()
    for words in (
        "config:unset --no-restart blog NOTHING",
        "domains:clear blog",
        "ports:clear blog",
        "certs:remove blog",
        "letsencrypt:disable blog",
        "docker-options:clear blog",
        "resource:limit-clear blog",
        "checks:enable blog",
        "buildpacks:clear blog",
        "nginx:set blog hsts",
        "nginx:set --global hsts",
        "builder:set blog selected",
        "scheduler:set blog selected",
        "proxy:disable blog",
        "proxy:set blog type",
        "services:unlink data blog --kind redis --no-restart",
        "services:destroy redis data --force --purge",
        "apps:destroy blog --force",
    ):
        status = main(words.split(), host=host)
        said = capsys.readouterr().err
        assert status == 0 or "is not a dokku command" in said, (words, said)
        assert "Internal error" not in said
    assert not os.path.exists(host.path("apps", "blog"))
    assert engine.volumes.find_all({}) == [] and host.store.names("services", "redis", "data") in ([], ["links"])
    assert main(["doctor"], host=host) in (0, 1) and main(["services:list"], host=host) == 0
    again = host_with(tmp_path / "state", engine, *PLUGINS)
    assert main(["apps:create", "blog"], host=again) == 0
    assert "Internal error" not in capsys.readouterr().err


def test_an_app_is_not_started_without_a_mount_whose_plugin_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would write to a directory that ends with its container."""
    (tmp_path / "files").mkdir()
    host = host_with(tmp_path / "state", None, *PLUGINS)
    engine = host.engine()
    assert isinstance(engine, FakeEngine)
    engine.keep("fake:1", {})
    deploy(host, "blog", {"Procfile": "web: serve"})
    assert main(["apps:create", "fresh"], host=host) == 0
    for app in ("blog", "fresh"):
        assert main(["storage:mount", app, f"{tmp_path}/files:/data"], host=host) == 0
    assert main(["ps:restart", "blog"], host=host) == 0
    without = host_with(tmp_path / "state", engine, *(name for name in PLUGINS if name != "storage"))
    capsys.readouterr()
    for words in (["config:set", "blog", "A=1"], ["ps:restart", "blog"], ["releases:rollback", "blog"]):
        assert main(words, host=without) == 1, words
        assert "blog would start without what it mounts (--mount=type=bind" in capsys.readouterr().err, words
    capsys.readouterr()
    main(["doctor"], host=without)
    assert (
        "The plugin storage is no longer installed or enabled, and blog, fresh have data of it"
        in capsys.readouterr().out
    )
    for words in (["ps:scale", "blog", "web=2"], ["ps:stop", "blog"], ["ps:start", "blog"]):
        assert main(words, host=without) == 0, "it runs with the mounts of its release"
        serving = current(without, BLOG)[0]
        assert serving is not None and f"source={tmp_path}/files" in str(serving.deploy_options("web")), words
    assert main(["--force", "ps:restart", "blog"], host=without) == 0
