"""`network:*` on a host of fakes: made, joined, refused, lost and made again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from dokkupy_apps.testing import deploy
from dokkupy_network.hooks import container_options, doctor_checks, on_recover, teardown_changes
from dokkupy_network.names import NetworkName, parse_list, parse_one
from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError, UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line

BLOG = AppName("blog")
TREE = {"Procfile": "web: serve\nworker: work\n"}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return fake_host(tmp_path, plugins=("network",))


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)


def networks(host: Host) -> list[str]:
    return [one.name for one in host.networks().find_all({})]


def options(host: Host, phase: str = "deploy", process: str = "web") -> list[str]:
    return list(container_options(host, BLOG, phase, process))


def test_a_network_is_created_listed_shown_and_destroyed(host: Host, run: Run) -> None:
    assert run("network:create", "backend") == (0, "-----> Creating network backend\n", "")
    assert run("network:exists", "backend") == (0, "=====> Network exists\n", "")
    assert run("network:list")[:2] == (0, "=====> Networks\nbackend\n")
    status, out, _ = run("network:info", "backend", "--format", "json")
    assert status == 0 and json.loads(out)["DokkuManaged"] is True
    assert json.loads(run("network:list", "--format", "json")[1])[0]["Name"] == "backend"
    assert run("--force", "network:destroy", "backend")[0] == 0
    assert networks(host) == []
    assert run("network:exists", "backend")[0] == 1


def test_a_second_network_of_the_same_name_is_refused(run: Run) -> None:
    run("network:create", "backend")
    status, _, err = run("network:create", "backend")
    assert status == 1
    assert err.splitlines()[0] == " !     Network backend already exists"
    assert "network:info backend" in err


@pytest.mark.parametrize("name", ["host", "none", "bridge", "dokkupy-app-blog"])
def test_a_network_that_apps_cannot_share_is_neither_created_nor_joined_nor_destroyed(
    host: Host, run: Run, name: str
) -> None:
    deploy(host, "blog", TREE)
    for command in (("network:create", name), ("--force", "network:destroy", name)):
        status, _, err = run(*command)
        assert status == 1 and name in err
    if name != "none":
        assert run("network:set", "blog", "attach-post-create", name)[0] == 1
    assert options(host) == []


@pytest.mark.parametrize("text", ["", "-x", "a b/c", "a" * 64, "a;b", "../x", "$(id)"])
def test_an_invalid_name_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        NetworkName(text)


def test_lists_are_stored_as_dokku_shows_them() -> None:
    assert parse_list("a b,c a") == "a,b,c"
    assert parse_list("none") == "none"
    assert parse_one("a") == "a"
    with pytest.raises(UserError, match="more than one"):
        parse_one("a b")


def test_an_app_joins_before_the_start_and_when_it_serves(host: Host, run: Run) -> None:
    for name in ("one", "two", "three"):
        run("network:create", name)
    deploy(host, "blog", TREE)
    run("network:set", "blog", "initial-network", "one")
    run("network:set", "--global", "attach-post-create", "two")
    run("network:set", "blog", "attach-post-deploy", "three")
    run("network:set", "blog", "tld", "internal")
    assert options(host) == ["--network", "one", "--network", "two", "--network-alias", "blog.web.internal"]
    assert options(host, "run", "run") == ["--network", "one", "--network", "two", "--network", "three"]
    assert options(host, "build", "build") == []
    deploy(host, "blog", TREE, revision="b" * 40)
    (serving,) = host.containers().find_all({"dokkupy.app": "blog", "dokkupy.release": "2"})
    assert "three" in serving.addresses


def test_none_removes_an_app_from_a_global_network(host: Host, run: Run) -> None:
    run("network:create", "all")
    deploy(host, "blog", TREE)
    run("network:set", "--global", "attach-post-create", "all")
    assert options(host) == ["--network", "all"]
    run("network:set", "blog", "attach-post-create", "none")
    assert options(host) == []


def test_an_unknown_network_is_refused_when_set_and_when_deployed(host: Host, run: Run) -> None:
    deploy(host, "blog", TREE)
    status, _, err = run("network:set", "blog", "attach-post-create", "nowhere")
    assert status == 1 and "Network nowhere does not exist" in err
    host.networks().ensure("foreign", subnet="", labels={})
    assert run("network:set", "blog", "attach-post-create", "foreign")[0] == 0
    host.networks().remove("foreign")
    with pytest.raises(AppError, match="foreign"):
        options(host, "run", "run")
    with pytest.raises(AppError, match="foreign"):
        deploy(host, "blog", TREE, revision="b" * 40)
    assert [one.level for one in doctor_checks(host)] == ["error"]


def test_a_network_that_the_engine_lost_is_reported_and_created_again(host: Host, run: Run) -> None:
    run("network:create", "backend")
    deploy(host, "blog", TREE)
    run("network:set", "blog", "attach-post-create", "backend")
    host.networks().remove("backend")
    (finding,) = doctor_checks(host)
    assert "backend is missing" in finding.message
    on_recover(host)
    assert "backend" in networks(host)
    host.networks().remove("backend")
    deploy(host, "blog", TREE, revision="b" * 40)
    assert "backend" in networks(host)
    host.networks().remove("backend")
    assert run("network:rebuild", "blog")[0] == 0
    assert "backend" in networks(host)
    assert run("network:rebuildall")[0] == 0
    assert list(doctor_checks(host)) == []


def test_who_only_asks_creates_no_lost_network(host: Host, run: Run) -> None:
    """`doctor` asked for the options of an app with a volume, so it did not report the network that was missing before."""
    run("network:create", "backend")
    deploy(host, "blog", TREE)
    run("network:set", "blog", "attach-post-create", "backend")
    host.networks().remove("backend")
    assert options(host) == ["--network", "backend"]
    assert options(host.for_invocation(dry_run=True), "run", "run") == ["--network", "backend"]
    assert networks(host) == [] and ["missing" in one.message for one in doctor_checks(host)] == [True]
    assert options(host, "run", "run") == ["--network", "backend"]
    assert networks(host) == ["backend"]


def test_a_lost_network_is_named_as_lost_and_created_again_by_its_name(host: Host, run: Run) -> None:
    run("network:create", "backend")
    host.networks().remove("backend")
    for verb in ("info", "exists"):
        status, _, error = run(f"network:{verb}", "backend")
        assert status != 0 and "Network backend does not exist" in error and "dokkupy recover" in error
        assert "dokkupy recover" not in run(f"network:{verb}", "unknown")[2]
    assert run("network:create", "backend")[0] == 0
    assert run("network:exists", "backend")[0] == 0
    assert run("network:create", "backend")[0] != 0


def test_a_network_that_an_app_is_set_to_join_is_not_destroyed(host: Host, run: Run) -> None:
    run("network:create", "backend")
    deploy(host, "blog", TREE)
    run("network:set", "blog", "attach-post-deploy", "backend")
    status, _, err = run("--force", "network:destroy", "backend")
    assert status == 1 and "blog" in err and "backend" in networks(host)
    run("network:set", "blog", "attach-post-deploy")
    assert run("network:destroy", "backend", stdin="other\n")[0] == 1
    assert run("network:destroy", "backend", stdin="backend\n")[0] == 0


def test_a_dry_run_creates_nothing(host: Host, run: Run) -> None:
    status, out, _ = run("network:create", "backend", "--dry-run")
    assert status == 0 and "backend" in out
    assert networks(host) == [] and host.store.names("networks") == []


def test_a_failed_creation_leaves_nothing(host: Host, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AppError("the engine is full")

    monkeypatch.setattr(type(host.networks()), "ensure", fail)
    assert run("network:create", "backend")[0] == 1
    assert host.store.names("networks") == [] and networks(host) == []


def test_removing_dokkupy_removes_unused_networks(host: Host, run: Run) -> None:
    run("network:create", "backend")
    assert teardown_changes(host, True) == ["network backend"] and "backend" in networks(host)
    teardown_changes(host, False)
    assert networks(host) == []


def test_the_report_has_the_listeners(host: Host, run: Run) -> None:
    deploy(host, "blog", TREE)
    report = json.loads(run("network:report", "blog", "--format", "json")[1])
    assert report["web-listeners"].endswith(":5000")
    assert report["computed-attach-post-create"] == ""
