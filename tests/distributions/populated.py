"""A host of fakes on which most commands that show something have something to show."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dokkupy.errors import AppError
from dokkupy.host import Host
from dokkupy.model.names import AppName
from dokkupy_apps.testing import deploy
from dokkupy_backups.names import SubjectName, TargetName
from dokkupy_backups.record.manifest import Record
from dokkupy_backups.record.stored import BackupFile
from dokkupy_cron.runs.history import HistoryFile, HistoryRow
from dokkupy_sdk.names import Secret
from dokkupy_sdk.roles import ContainerSpec
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line
from dokkupy_services.model import Service
from dokkupy_storage.directories.directory import storage_root

from tests.distributions.killed import typed
from tests.distributions.test_killed_commands import BEFORE, KEY, SERVER, TASK, TREE
from tests.distributions.test_wrong_values import PLUGINS

AFTER = (
    "apps:lock blog",
    "git:generate-deploy-key",
    "logs:set blog vector-sink console://?encoding[codec]=json",
    "maintenance:disable blog",
    "ports:add blog http:80:5000",
    "run:detached blog sleep 60",
    f"cron:suspend blog {TASK}",
    "redis:link cache blog --no-restart",
    "ps:stop idle",
)
WHEN = "2026-01-01T03:00:00Z"
TRACE = [b"Listening on 5000", b"ModuleNotFoundError: No module named 'flask'"]


def record() -> Record:
    return Record(
        id="f9a1" * 16,
        manifest="c3d4" * 16,
        subject=SubjectName("redis:cache"),
        target=TargetName("disk"),
        host_name="server",
        file="cache.dump",
        sha256="0" * 64,
        size=171,
        started=WHEN,
        finished=WHEN,
        about={"image": "redis:8"},
        before={"keys": "1"},
        after={"keys": "1"},
        plugins={"redis": "0.1.0"},
        verified=WHEN,
    )


def service(image: str, image_id: str) -> Service:
    return Service(
        kind="redis",
        name="cache",
        id="0abc",
        image=image,
        image_id=image_id,
        version="8",
        volume="dokkupy-redis-0abc",
        database="cache",
        user="default",
        password=Secret("secret-1"),
        root_password=Secret("secret-2"),
        created_at=WHEN,
    )


def typed_where_all_is(path: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> Run:
    """What types commands on a host with all plugins, each part of whose state has something."""
    host = fake_host(path / "disk" / "dokkupy", plugins=PLUGINS, real=("source",))
    run = command_line(host, capsys, patch)
    populate(host, patch, path)
    capsys.readouterr()
    return run


def populate(host: Host, patch: pytest.MonkeyPatch, home: Path) -> None:
    """Give each part of the state something. The last deploy of blog failed."""
    patch.setenv("HOME", str(home))
    host.hooks.manager.unregister(name="checks")  # it would wait for the fake instances to answer
    engine = host.engine()
    engine.accounts[SERVER] = {"ann": "of-ann", "bob": "of-bob"}  # type: ignore[attr-defined]
    engine.output["serve"] = TRACE  # type: ignore[attr-defined]
    os.makedirs(storage_root(host))
    for app in ("blog", "other"):
        deploy(host, app, TREE)
    for words in BEFORE:
        typed(host, words.split())
    typed(host, ["ssh-keys:add", "you"], KEY.format("E2").encode())
    image = engine.keep("redis:8", {})  # type: ignore[attr-defined]
    engine.keep("python:3.13-slim", {})  # type: ignore[attr-defined]
    host.store.save(service("redis:8", image.id), "redis", "cache")
    host.networks().ensure("dokku.redis.cache", subnet="", labels={})
    host.containers().create(ContainerSpec("dokku.redis.cache", image.id, network="dokku.redis.cache"))
    host.volumes().ensure("dokkupy-redis-0abc", labels={})
    host.store.save(BackupFile(backup=record()), record().id)
    ran = HistoryRow(run="0-1", outcome="failed", started=WHEN, ended=WHEN, exit_code=1, lines=("no",))
    host.store.save(HistoryFile(runs=(ran,)), "blog", TASK)
    for app in ("blog", "idle"):
        deploy(host, app, TREE)
    for words in AFTER[1:]:
        typed(host, words.split())
    host.scheduler(AppName("blog")).dead.add("web")  # type: ignore[attr-defined]
    with pytest.raises(AppError):
        deploy(host, "blog", TREE)
    host.scheduler(AppName("blog")).dead.clear()  # type: ignore[attr-defined]
    typed(host, AFTER[0].split())
