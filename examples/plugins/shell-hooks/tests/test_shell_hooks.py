"""An app's own hooks: when they run, how, and what their failure means."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import cast

import pytest
from dokkupy_apps.releases.records import current
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import AppError, HostError, Interrupted
from dokkupy_sdk.names import AppName
from dokkupy_sdk.roles import Container, ContainerSpec
from dokkupy_sdk.testing import FakeEngine, RecordingConsole, fake_host
from dokkupy_sdk.testing.fake_containers import FakeContainers, FakeContainerSessions

TREE = {"Dockerfile": "FROM scratch", "Procfile": "web: serve\nworker: work"}
MOMENTS = ("pre-deploy", "pre-switch", "post-deploy")
FOLDER = "/.dokkupy/hooks"


class Engine(FakeEngine):
    """hangs: programs that say nothing and end only with their container. raises: what creating a program's raises.
    ran: the specs of the tasks."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.hangs: set[str] = set()
        self.raises: dict[str, Exception] = {}
        self.ran: list[ContainerSpec] = []
        self.gone = threading.Event()

    @cached_property
    def containers(self) -> Containers:
        return Containers(self)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self)

    def moments(self) -> list[str]:
        return [spec.entrypoint[0].rpartition("/")[2] for spec in self.ran if spec.entrypoint]


class Containers(FakeContainers):
    engine: Engine

    def create(self, spec: ContainerSpec, *, start: bool = True) -> Container:
        if spec.labels.get("dokkupy.kind") == "task":
            self.engine.ran.append(spec)
            for program in spec.entrypoint or ():
                if program in self.engine.raises:
                    raise self.engine.raises[program]
        return super().create(spec, start=start)

    def remove(self, ref: str) -> None:
        found = self.find(ref)
        super().remove(ref)
        if found is not None and self.engine.hangs & set(found.command):
            self.engine.gone.set()


class Sessions(FakeContainerSessions):
    engine: Engine

    def logs(
        self, ref: str, *, tail: int | None = None, follow: bool = False, timestamps: bool = False, since: int = 0
    ) -> Iterator[tuple[str, bytes]]:
        if follow and self.engine.hangs & set(self.engine.require(ref).command):
            assert self.engine.gone.wait(60), "nobody ended it"
        yield from super().logs(ref, tail=tail, follow=follow, timestamps=timestamps, since=since)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path, plugins=("shell-hooks",))
    engine = Engine(host)
    host.override_role("engine", "fake", engine)
    engine.files = {f"{FOLDER}/{moment}": b"#!/bin/sh" for moment in MOMENTS}
    return host


@pytest.fixture
def engine(host: Host) -> Engine:
    return cast(Engine, host.engine())


def warnings(host: Host) -> list[str]:
    return [text for kind, text in cast(RecordingConsole, host.out).lines if kind == "warn"]


def serving(host: Host) -> int:
    release, instances = current(host, AppName("blog"))
    assert release is not None and {one.release for one in instances} == {release.number}
    return release.number


def test_every_hook_of_the_image_runs_in_a_deploy(host: Host, engine: Engine) -> None:
    engine.output[f"{FOLDER}/post-deploy"] = [b"notified \xe2\x82\xac the team"]
    deploy(host, "blog", TREE)
    assert engine.moments() == list(MOMENTS)
    assert "notified \u20ac the team" in cast(RecordingConsole, host.out).text()


def test_a_hook_is_started_itself_past_entry_point_and_shell(host: Host, engine: Engine) -> None:
    deploy(host, "blog", TREE)
    assert {spec.command for spec in engine.ran} == {()}
    assert [spec.entrypoint for spec in engine.ran] == [(f"{FOLDER}/{moment}",) for moment in MOMENTS]


def test_a_hook_gets_the_app_s_environment_and_the_event(host: Host, engine: Engine) -> None:
    main(["apps:create", "blog"], host=host)
    main(["config:set", "--no-restart", "blog", "COLOUR=red", "DOKKUPY_HOOK=mine"], host=host)
    deploy(host, "blog", TREE, revision="b" * 40)
    first, second, _ = ({str(key): value.reveal() for key, value in spec.env.items()} for spec in engine.ran)
    _, instances = current(host, AppName("blog"))
    web = next(f"{one.address}:{one.port}" for one in instances if one.process == "web")
    seen = {
        "COLOUR": "red",
        "DOKKUPY_HOOK": "pre-switch",
        "DOKKUPY_APP": "blog",
        "DOKKUPY_KIND": "deploy",
        "DOKKUPY_RELEASE": "1",
        "DOKKUPY_REVISION": "b" * 40,
        "DOKKUPY_WEB": web,
        "DYNO": "release.1",
        "PORT": "5000",
    }
    assert second == seen
    assert (first["DOKKUPY_HOOK"], first["DOKKUPY_WEB"]) == ("pre-deploy", "")


def test_an_app_without_hooks_is_left_alone(host: Host, engine: Engine) -> None:
    engine.files.clear()
    deploy(host, "blog", TREE)
    assert engine.ran == []


def test_a_hook_that_is_a_large_program_runs_too(host: Host, engine: Engine) -> None:
    engine.files = {f"{FOLDER}/pre-deploy": b"\x7fELF" + bytes(2 * 1024 * 1024)}
    deploy(host, "blog", TREE)
    assert engine.moments() == ["pre-deploy"]


@pytest.mark.parametrize("moment", ["pre-deploy", "pre-switch"])
def test_a_failing_hook_before_the_switch_keeps_the_old_release_and_leaves_nothing(
    host: Host, engine: Engine, moment: str
) -> None:
    deploy(host, "blog", TREE)
    before, routes = set(engine.made), dict(host.proxy().routes)  # type: ignore[attr-defined]
    engine.exit_codes[f"{FOLDER}/{moment}"] = 3
    with pytest.raises(AppError, match="status 3"):
        deploy(host, "blog", TREE)
    assert serving(host) == 1
    assert (set(engine.made), host.proxy().routes) == (before, routes)  # type: ignore[attr-defined]


def test_a_failing_hook_after_the_switch_is_a_warning(host: Host, engine: Engine) -> None:
    engine.exit_codes[f"{FOLDER}/post-deploy"] = 3
    deploy(host, "blog", TREE)
    assert "Running the app's post-deploy hook failed: it exited with status 3" in warnings(host)
    assert serving(host) == 1


@pytest.mark.parametrize("error", [HostError("no answer"), AppError("no such program"), TimeoutError("too slow")])
def test_a_hook_after_the_switch_that_cannot_be_started_is_a_warning(
    host: Host, engine: Engine, error: Exception
) -> None:
    engine.raises[f"{FOLDER}/post-deploy"] = error
    deploy(host, "blog", TREE)
    assert str(error) in warnings(host)
    assert serving(host) == 1


def test_an_interrupt_during_the_hook_after_the_switch_takes_the_deploy_back(host: Host, engine: Engine) -> None:
    deploy(host, "blog", TREE)
    engine.raises[f"{FOLDER}/post-deploy"] = Interrupted("Interrupted by SIGTERM")
    with pytest.raises(Interrupted):
        deploy(host, "blog", TREE)
    assert serving(host) == 1


def test_a_hook_that_hangs_is_ended_and_fails_the_deploy(host: Host, engine: Engine) -> None:
    deploy(host, "blog", TREE)
    main(["shell-hooks:set", "blog", "timeout", "1"], host=host)
    engine.hangs = {f"{FOLDER}/pre-switch"}
    with pytest.raises(AppError, match="did not end within 1 seconds"):
        deploy(host, "blog", TREE)
    assert serving(host) == 1
    assert engine.containers.find_all({"dokkupy.kind": "task"}) == []


def test_what_brings_no_other_release_runs_no_hooks(host: Host, engine: Engine) -> None:
    deploy(host, "blog", TREE)
    engine.ran.clear()
    assert main(["ps:scale", "blog", "web=2"], host=host) == 0
    assert main(["ps:restart", "blog"], host=host) == 0
    assert main(["config:set", "blog", "A=b"], host=host) == 0
    assert engine.ran == []


def test_a_rollback_runs_the_hooks_of_the_release_that_it_goes_back_to(host: Host, engine: Engine) -> None:
    deploy(host, "blog", TREE)
    deploy(host, "blog", TREE)
    engine.ran.clear()
    assert main(["releases:rollback", "blog"], host=host) == 0
    assert engine.moments() == list(MOMENTS)
    kinds = {value.reveal() for spec in engine.ran for key, value in spec.env.items() if key == "DOKKUPY_KIND"}
    assert kinds == {"rollback"}


def test_an_app_can_do_without(host: Host, engine: Engine) -> None:
    main(["apps:create", "blog"], host=host)
    assert main(["shell-hooks:set", "blog", "enabled", "off"], host=host) == 0
    deploy(host, "blog", TREE)
    assert engine.ran == []


def test_the_hooks_of_what_serves_are_listed(host: Host, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    main(["apps:create", "blog"], host=host)
    assert main(["shell-hooks:list", "blog"], host=host) == 1
    assert "has not been deployed" in capsys.readouterr().err
    engine.files.pop(f"{FOLDER}/pre-switch")
    deploy(host, "blog", TREE)
    capsys.readouterr()
    assert main(["shell-hooks:list", "blog", "--format", "json"], host=host) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"hook": "pre-deploy", "path": f"{FOLDER}/pre-deploy"},
        {"hook": "post-deploy", "path": f"{FOLDER}/post-deploy"},
    ]


@pytest.mark.parametrize(("name", "value"), [("timeout", "0"), ("timeout", "soon"), ("enabled", "maybe")])
def test_a_value_that_makes_no_sense_is_refused(host: Host, name: str, value: str) -> None:
    assert main(["shell-hooks:set", "--global", name, value], host=host) == 1
