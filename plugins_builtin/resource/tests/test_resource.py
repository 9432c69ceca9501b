"""`resource:*`, and what reaches docker."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy.cli.declare import parameters
from dokkupy_apps.apps import create_app
from dokkupy_apps.testing import deploy
from dokkupy_resource import cli
from dokkupy_resource.hooks import container_options
from dokkupy_resource.table import OPTIONS, RESOURCES
from dokkupy_sdk import Host
from dokkupy_sdk.cli import CommandResult
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import NotFound, UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host

APP = AppName("blog")


def limit(host: Host, app: AppName, process_type: str = "", **values: str) -> CommandResult:
    return cli.limit(host, app, process_type=process_type, limits=cli.Limits(**values))


def reserve(host: Host, app: AppName, process_type: str = "", **values: str) -> CommandResult:
    return cli.reserve(host, app, process_type=process_type, reservations=cli.Reservations(**values))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path, plugins=("resource",))
    create_app(host, APP)
    return host


def options(host: Host, process: str, phase: str = "deploy") -> list[str]:
    return list(container_options(host, APP, phase, process))


def test_a_type_has_its_own_values_and_else_the_defaults(host: Host) -> None:
    limit(host, APP, cpu="1", memory="512")
    limit(host, APP, process_type="worker", memory="1g", memory_swap="-1")
    reserve(host, APP, memory="64m")
    assert options(host, "web") == ["--cpus=1", "--memory=512m", "--memory-reservation=64m"]
    assert options(host, "worker") == ["--cpus=1", "--memory=1g", "--memory-swap=-1", "--memory-reservation=64m"]


@pytest.mark.parametrize("name", ["build", "run"])
def test_builds_and_one_off_containers_have_their_own_and_no_defaults(host: Host, name: str) -> None:
    limit(host, APP, memory="512")
    assert options(host, name, phase=name) == []
    limit(host, APP, process_type=name, memory="2g")
    assert options(host, name, phase=name) == ["--memory=2g"]
    assert options(host, "web") == ["--memory=512m"]


def test_clear_takes_one_value_and_the_command_takes_all(host: Host) -> None:
    limit(host, APP, cpu="0.5", memory="512")
    limit(host, APP, cpu="clear")
    assert options(host, "web") == ["--memory=512m"]
    cli.limit_clear(host, APP)
    cli.reserve_clear(host, APP)
    assert options(host, "web") == []


def test_without_a_value_it_shows_and_changes_nothing(host: Host) -> None:
    limit(host, APP, process_type="web", memory="100")
    answer = limit(host, APP, process_type="web")
    assert answer.header == "resource limits blog information [web]"
    assert answer.data["memory"] == "100" and set(answer.data) == set(RESOURCES) - {"pids"}
    assert limit(host, APP).header == "resource limits blog information [defaults]"


def test_report_has_a_key_for_each_type(host: Host) -> None:
    limit(host, APP, process_type="web", memory="100")
    keys = cli.extra(host, APP)
    assert keys["web.limit.memory"] == "100" and keys["_default_.limit.memory"] == ""


@pytest.mark.parametrize("text", ["512MB", "512mb", "0.5g", "512MiB", "536870912b"])
def test_a_size_is_taken_as_docker_takes_it(host: Host, text: str) -> None:
    limit(host, APP, memory=text)
    assert options(host, "web") == [f"--memory={text}"]


def test_report_s_labels_are_dokku_s(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    limit(host, APP, process_type="web", memory="100")
    assert main(["resource:report", APP], host=host) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"=====> {APP} resource information\n       _default_ limit cpu:\n")
    assert "       web limit memory:              100\n" in shown


@pytest.mark.parametrize(
    "given",
    [
        {"memory": "lots"},
        {"memory": "5m"},
        {"memory": "-1"},
        {"memory": "512mx"},
        {"cpu": "0"},
        {"cpu": "-1"},
        {"cpu": "1e3"},
        {"cpu": "nan"},
        {"nvidia_gpu": "all --privileged"},
        {"network": "x"},
        {"memory": "1g", "process_type": "../web"},
        {"memory": "1g", "process_type": "a b"},
    ],
)
def test_bad_values_are_refused_and_nothing_is_kept(host: Host, given: dict[str, str]) -> None:
    with pytest.raises(UserError):
        limit(host, APP, **given)
    assert options(host, "web") == []


def test_an_app_that_is_not_there(host: Host) -> None:
    for command in (limit, cli.limit_clear):
        with pytest.raises(NotFound):
            command(host, AppName("nobody"))


def test_a_change_says_when_it_takes_effect_and_is_pending_until_then(host: Host) -> None:
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    limit(host, APP, memory="512")
    limit(host, APP, process_type="build", memory="2g")
    said = [text for kind, text in host.out.lines if text.startswith("takes effect")]  # type: ignore[attr-defined]
    assert [text.rpartition("now: ")[2] for text in said] == ["ps:restart blog", "ps:rebuild blog"]
    assert cli.extra(host, APP)["pending-web"] == "none -> --memory=512m"
    assert main(["ps:restart", "blog"], host=host) == 0
    assert "pending-web" not in cli.extra(host, APP)


@pytest.mark.parametrize(("kind", "command"), [("limit", cli.limit), ("reserve", cli.reserve)])
def test_a_resource_reaches_docker_or_its_option_says_that_it_has_no_effect(kind: str, command: object) -> None:
    inert = {item.name.replace("_", "-"): item.inert for item in parameters(command)}  # type: ignore[arg-type]
    for resource in RESOURCES if kind == "limit" else RESOURCES[:-1]:
        assert (resource in OPTIONS[kind]) != bool(inert[resource]), resource


def test_the_number_of_processes_is_a_limit_that_a_report_shows_where_it_is_set(host: Host) -> None:
    limit(host, APP, process_type="web", pids="9000")
    assert options(host, "web") == ["--pids-limit=9000"]
    assert limit(host, APP, process_type="web").data["pids"] == "9000"
    assert cli.extra(host, APP)["web.limit.pids"] == "9000" and "_default_.limit.pids" not in cli.extra(host, APP)
    limit(host, APP, process_type="web", pids="-1")
    assert options(host, "web") == ["--pids-limit=-1"]
    for text in ("0", "many", "-2"):
        with pytest.raises(UserError, match="not a number of processes"):
            limit(host, APP, pids=text)
