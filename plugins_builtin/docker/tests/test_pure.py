"""Options, networks and connections as values."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_docker.drain import established
from dokkupy_docker.network import free_addresses, free_subnet
from dokkupy_docker.options import body_of
from dokkupy_sdk import Host
from dokkupy_sdk.cli import Group
from dokkupy_sdk.errors import HostFault, UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host


def test_options_become_the_engines_own_words() -> None:
    body = body_of(
        ["-v", "/data:/data", "--memory=512m", "--cpus", "0.5", "-e", "A=b", "--label", "x=y", "--init=false"]
    )
    assert body["HostConfig"] == {"Binds": ["/data:/data"], "Memory": 512 << 20, "NanoCpus": 500_000_000, "Init": False}
    assert (body["Env"], body["Labels"]) == (["A=b"], {"x": "y"})


@pytest.mark.parametrize(
    "words",
    [
        ["-p", "80:80"],
        ["--network", "host"],
        ["--name=x"],
        ["--nonsense", "1"],
        ["--memory", "lots"],
        ["x"],
        ["--volume"],
    ],
)
def test_an_option_that_cannot_be_used_is_refused_by_name(words: list[str]) -> None:
    with pytest.raises(UserError):
        body_of(words)


def test_a_subnet_is_free_of_all_others() -> None:
    assert free_subnet([]) == "10.208.0.0/24"
    assert free_subnet(["10.208.0.0/24", "172.17.0.0/16", "fd00::/64", ""]) == "10.208.1.0/24"
    with pytest.raises(HostFault):
        free_subnet(["10.208.0.0/12"])


def test_addresses_leave_the_gateway_and_the_taken_out() -> None:
    assert free_addresses("10.208.0.0/24", ["10.208.0.3"], 2) == ["10.208.0.2", "10.208.0.4"]
    with pytest.raises(HostFault, match="free addresses"):
        free_addresses("10.208.0.0/30", [], 2)


def test_established_connections_are_counted_by_port() -> None:
    table = (
        "  sl  local_address rem_address   st\n"
        "   0: 00000000:1388 00000000:0000 0A\n"
        "   1: 0200D00A:1388 0100D00A:C350 01\n"
        "   2: 0200D00A:C351 0100D00A:1388 01\n"
    )
    assert established(table, 5000) == 1


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = fake_host(tmp_path, plugins=("docker",))
    made.store.write("apps", "blog", "app", data={"created_at": "now"})
    return made


def command(name: str):  # type: ignore[no-untyped-def]
    from dokkupy_docker.cli import options_group

    assert isinstance(options_group, Group)
    return options_group.commands[name].function


def test_docker_options_are_kept_by_phase_and_reach_the_containers(host: Host) -> None:
    from dokkupy_docker.hooks import container_options

    blog = AppName("blog")
    command("add")(host, blog, "build,deploy", ["--label 'a=b c'"])
    assert list(container_options(host, blog, "deploy", "")) == ["--label", "a=b c"]
    assert list(container_options(host, blog, "run", "")) == []
    command("remove")(host, blog, "deploy", ["--label", "'a=b c'"])
    assert list(container_options(host, blog, "deploy", "")) == []
    command("clear")(host, blog)
    assert command("list")(host, blog).text == []


@pytest.mark.parametrize(
    "phase, words", [("deploi", ["-v /a:/b"]), ("deploy", ["-p 80:80"]), ("deploy", ["'"]), ("deploy", [])]
)
def test_bad_docker_options_change_nothing(host: Host, phase: str, words: list[str]) -> None:
    with pytest.raises(UserError):
        command("add")(host, AppName("blog"), phase, words)
    assert host.store.read("apps", "blog", "docker-options") == {}
