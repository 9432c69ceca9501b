"""Which candidates Tab offers for each kind of argument, and to which callers."""

from __future__ import annotations

import json

import pytest
from dokkupy.cli.main import main
from dokkupy.host import Host
from dokkupy_host.shell import offered


@pytest.fixture
def blog(host: Host) -> Host:
    main(["apps:create", "blog"], host=host)
    main(["apps:create", "shop"], host=host)
    main(["config:set", "--no-restart", "blog", "KEY=value", "OTHER=value"], host=host)
    main(["ps:scale", "blog", "worker=2"], host=host)
    return host


@pytest.fixture
def ask(blog: Host, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    def ask(line: str, who: str = "") -> list[str]:
        host = blog.for_invocation(who=who) if who else blog
        capsys.readouterr()
        assert main(["completion:words", "--", *line.split(" ")], host=host) == 0
        return capsys.readouterr().out.split()

    return ask


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("config:get blog ", ["KEY", "OTHER"]),
        ("config get blog K", ["KEY"]),
        ("config:unset --no-restart blog KEY ", ["KEY", "OTHER"]),
        ("config:set blog ", ["KEY=", "OTHER="]),
        ("config:get nothing ", []),
        ("ps:scale blog w", ["web=", "worker="]),
        ("ps:scale blog web=1 w", ["worker="]),
        ("ps:restart blog ", ["web", "worker"]),
        ("ps:set blog restart", ["restart-policy"]),
        ("ps:set --global run", []),
        ("builder:set blog selected ", ["fake"]),
        ("apps:set blog deploy-source", []),
        ("config:get ", ["blog", "shop"]),
        ("config:get --global ", []),
        ("--app blog config:get ", ["KEY", "OTHER"]),
        ("--app ", ["blog", "shop"]),
        ("config:get --", ["--format", "--global", "--help", "--json", "--quoted"]),
        ("apps:rename blog ", []),
        ("no:such ", []),
    ],
)
def test_each_argument_gets_matching_candidates(ask, line: str, offered: list[str]) -> None:  # type: ignore[no-untyped-def]
    assert ask(line) == offered


def test_a_key_is_offered_nothing_of_other_apps(ask, blog: Host) -> None:  # type: ignore[no-untyped-def]
    blog.store.write("global", "ssh-keys", data={"keys": {"eve": {"role": "deployer", "apps": ["shop"]}}})
    assert ask("config:get ", "key:eve") == ["shop"]
    assert ask("config:get blog ", "key:eve") == []
    assert ask("--app blog ps:scale ", "key:eve") == []
    assert ask("ps:scale shop ", "key:eve") == ["web="]
    main(["config:set", "--global", "--no-restart", "SHARED=1"], host=blog)
    assert ask("config:get --global ") == ["SHARED"]
    assert ask("config:get --global ", "key:eve") == []


def test_a_viewer_is_not_offered_the_names_of_variables(ask, blog: Host) -> None:  # type: ignore[no-untyped-def]
    blog.store.write("global", "ssh-keys", data={"keys": {"eve": {"role": "viewer", "apps": ["blog"]}}})
    assert ask("config:get blog ", "key:eve") == []


def test_a_client_reads_which_commands_take_an_app(blog: Host, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["completion:commands"], host=blog) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["commands"]["config:set"] == {"app": 0, "arguments": None, "values": ["--format"]}
    assert listed["commands"]["ps:report"]["arguments"] == 1
    assert listed["commands"]["apps:list"]["app"] is None
    assert listed["bare"]["config"] == "config:show"
    assert "completion:words" not in listed["commands"]
    blog.store.write("global", "ssh-keys", data={"keys": {"eve": {"role": "viewer", "apps": ["blog"]}}})
    assert main(["completion:commands"], host=blog.for_invocation(who="key:eve")) == 0
    mine = json.loads(capsys.readouterr().out)["commands"]
    assert "logs" in mine or "ps:report" in mine
    assert "config:set" not in mine


def test_tab_in_the_shell_offers_the_same(blog: Host) -> None:
    assert offered(blog, "config:get blog K") == ["KEY "]
    assert offered(blog, "config:set blog K") == ["KEY="]
    assert offered(blog, "ps:sc") == ["ps:scale "]
    main(["apps:create", "new"], host=blog)
    assert "new " in offered(blog, "ps:report ")
