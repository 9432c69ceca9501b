"""Which app and which caller may use a name or a port of the host."""

from __future__ import annotations

import os

import pytest
from dokkupy.errors import Denied
from dokkupy_apps.desired.domains import require_domains
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.model import Port, Readiness
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.port_map import ports_of
from dokkupy_sdk.roles import Proxy
from dokkupy_sdk.testing.fakes import FakeProxy

from plugins_builtin.commands.tests.conftest import Run


@pytest.fixture
def team(run: Run, host: Host) -> str:
    """The app blog, whose deployer is dev, beside shop and wiki, which are not dev's."""
    run("domains:add-global", "apps.test")
    for name in ("blog", "shop", "wiki"):
        run("apps:create", name)
    run("domains:set", "shop", "shop.example.org", "*.shop.example.net")
    host.store.write("global", "ssh-keys", data={"keys": {"dev": {"role": "deployer", "apps": ["blog"]}}})
    return "blog"


@pytest.mark.parametrize("verb", ["add", "set"])
@pytest.mark.parametrize(
    "name",
    [
        *("_", "apps.test", "APPS.test.", "*.apps.test", ".apps.test", "*.test", "wiki.apps.test", "shop.apps.test"),
        *("x.wiki.apps.test", "*.wiki.apps.test", ".shop.apps.test", "localhost", "127.0.0.1", "203.0.113.5"),
        *("a.shop.example.net", "a.b.shop.example.net", "*.a.shop.example.net", ".a.shop.example.net", "*.org"),
        *("*.example.net", ".example.net", "*.example.org", ".example.org"),
        *("future.apps.test", "x.future.apps.test", "*.future.apps.test", ".future.apps.test", "blogs.apps.test"),
    ],
)
def test_a_deployer_may_not_use_a_name_of_another_app(run: Run, host: Host, team: str, verb: str, name: str) -> None:
    status, _, error = run(f"domains:{verb}", team, name, who="key:dev")
    assert status == 1 and ("only an admin may add it" in error or "is a domain of another app" in error)
    others = error.replace(name.removeprefix("."), "")
    assert "shop" not in others.replace("shop.apps", "") and "wiki" not in others.replace("wiki.apps", "")
    assert "vhosts" not in host.store.read("apps", team, "domains")


@pytest.mark.parametrize(
    "name", ["blog.apps.test", "www.example.org", "*.blog.example.org", "x.blog.apps.test", "shop.example.net"]
)
def test_deployer_may_use_names_of_its_own_app(run: Run, team: str, name: str) -> None:
    assert run("domains:set", team, name, who="key:dev")[0] == 0


def test_a_deployer_may_keep_a_name_that_an_admin_added(run: Run, team: str) -> None:
    assert run("domains:add", team, "future.apps.test")[0] == 0
    assert run("domains:set", team, "future.apps.test", "www.example.org", who="key:dev")[0] == 0
    assert run("domains:set", team, "later.apps.test", who="key:dev")[0] == 1


def test_an_app_whose_name_has_dots_may_use_its_default_domain(run: Run, host: Host, team: str) -> None:
    run("apps:create", "api.v2")
    host.store.write("global", "ssh-keys", data={"keys": {"dev": {"role": "deployer", "apps": ["api.v2"]}}})
    assert run("domains:set", "api.v2", "api.v2.apps.test", "x.api.v2.apps.test", who="key:dev")[0] == 0
    assert run("domains:add", "api.v2", "v2.apps.test", who="key:dev")[0] == 1


def test_apps_of_one_deployer_may_share_a_wildcard(run: Run, host: Host, team: str) -> None:
    host.store.write("global", "ssh-keys", data={"keys": {"dev": {"role": "deployer", "apps": ["blog", "shop"]}}})
    assert run("domains:add", team, "a.shop.example.net", who="key:dev")[0] == 0


def test_a_deployer_may_not_use_the_name_of_the_host(run: Run, team: str, monkeypatch: pytest.MonkeyPatch) -> None:
    named = os.uname_result(("Linux", "Paas.example.net", "6.1", "#1", "x86_64"))
    monkeypatch.setattr(os, "uname", lambda: named)
    status, _, error = run("domains:add", team, "paas.example.net", who="key:dev")
    assert status == 1 and "requests for the host itself, so only an admin may add it" in error
    assert run("domains:add", team, "paas.example.net")[0] == 0


@pytest.mark.parametrize("name", ["_", "*.apps.test", "apps.test", "shop.apps.test", "x.wiki.apps.test", "127.0.0.1"])
def test_admin_may_use_any_name_that_no_app_has(run: Run, team: str, name: str) -> None:
    assert run("domains:add", team, name)[0] == 0


@pytest.mark.parametrize("name", ["wiki.apps.test", "shop.example.org"])
def test_name_of_another_app_is_refused_even_for_an_admin(run: Run, team: str, name: str) -> None:
    other = name.partition(".")[0]
    error = run("domains:add", team, name)[2]
    assert f"is a domain of app {other}" in error and f"domains:remove {other} {name}" in error


def test_wildcard_of_a_deployer_is_refused_by_every_command(run: Run, host: Host, team: str) -> None:
    with pytest.raises(Denied):
        require_domains(
            host.for_invocation(who="key:dev"), AppName(team), [Domain("ok.example.org"), Domain("*.apps.test")]
        )


@pytest.mark.parametrize("words", [("ports:add", "http:443:5000"), ("ports:set", "grpc:443:5000")])
@pytest.mark.parametrize("who", ["key:dev", "tester"])
def test_port_443_is_for_tls_alone(run: Run, team: str, words: tuple[str, str], who: str) -> None:
    status, _, error = run(words[0], team, words[1], who=who)
    assert status == 1 and "443 is for TLS alone" in error


@pytest.mark.parametrize("row", ["https:80:5000", "grpc:80:5000", "grpcs:80:5000"])
@pytest.mark.parametrize("who", ["key:dev", "tester"])
def test_port_80_is_for_http_without_tls_alone(run: Run, team: str, row: str, who: str) -> None:
    status, _, error = run("ports:set", team, row, who=who)
    assert status == 1 and "80 is for HTTP without TLS" in error
    assert run("proxy:set", team, "proxy-ssl-port", "80", who=who)[0] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("ports:add", "blog", "http:5433:5000"),
        ("ports:set", "blog", "http:10077:5000"),
        ("proxy:set", "blog", "proxy-port", "10077"),
    ],
    ids=lambda words: words[0],
)
def test_other_ports_of_the_host_are_for_admins_or_in_the_range_of_deployers(
    run: Run, team: str, words: tuple[str, ...]
) -> None:
    status, _, error = run(*words, who="key:dev")
    assert status == 1 and "may not be used with this key" in error and "deployer-ports" in error
    assert run("proxy:set", "--global", "deployer-ports", "5433,10070-10080", who="key:dev")[0] == 1
    assert run("proxy:set", "--global", "deployer-ports", "5433,10070-10080")[0] == 0
    assert run(*words, who="key:dev")[0] == 0


@pytest.mark.parametrize("scheme", ["tcp", "udp"])
def test_a_port_that_nothing_serves_is_refused(
    run: Run, team: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeProxy, "schemes", Proxy.schemes)
    assert f"does not serve {scheme}" in run("ports:add", team, f"{scheme}:80:5000")[2]


@pytest.mark.parametrize("scheme", ["tcp", "udp"])
def test_a_port_for_which_a_package_is_missing_is_refused_with_its_name(
    run: Run, team: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = Readiness("not-installed", "its module is in the package libexample", "sudo apt-get install libexample")
    monkeypatch.setattr(
        FakeProxy, "prepare", lambda self, scheme="": lacking if scheme in ("tcp", "udp") else Readiness()
    )
    status, _, error = run("ports:add", team, f"{scheme}:9000:5000")
    assert status == 1 and "package libexample" in error and "apt-get install libexample" in error
    assert run("ports:report", team, "--ports-map")[1] == "\n"
    assert run("ports:add", team, "http:80:5000")[0] == 0


@pytest.mark.parametrize("row", ["tcp:22:22", "tcp:80:5000", "tcp:443:5000", "udp:443:5000"])
def test_tcp_ports_that_the_host_or_all_apps_use_are_refused(run: Run, team: str, row: str) -> None:
    assert run("ports:add", team, row)[0] == 1
    assert run("ports:report", team, "--ports-map")[1] == "\n"


@pytest.mark.parametrize("row", ["tcp:9000:5000", "udp:9000:5000"])
def test_tcp_or_udp_port_is_for_admins_or_in_the_range_of_deployers(run: Run, team: str, row: str) -> None:
    assert "may not be used with this key" in run("ports:add", team, row, who="key:dev")[2]
    assert run("proxy:set", "--global", "deployer-ports", "9000-9009")[0] == 0
    assert run("ports:add", team, row, who="key:dev")[0] == 0


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        ("tcp:9000:5000", "tcp:9000:6000", True),
        ("tcp:9000:5000", "http:9000:5000", True),
        ("http:9000:5000", "tcp:9000:5000", True),
        ("udp:9000:5000", "udp:9000:5000", True),
        ("udp:9000:5000", "tcp:9000:5000", False),
        ("http:9000:5000", "http:9000:5000", False),
    ],
)
def test_a_tcp_or_udp_port_belongs_to_one_app(
    run: Run, host: Host, team: str, first: str, second: str, taken: bool
) -> None:
    run("apps:create", "other")
    assert run("ports:add", team, first)[0] == 0
    status, _, error = run("ports:add", "other", second)
    assert (status, f"belongs to app {team}" in error) == (int(taken), taken)
    host.store.write("global", "ssh-keys", data={"keys": {"eve": {"role": "deployer", "apps": ["other"]}}})
    assert run("proxy:set", "--global", "deployer-ports", "9000-9009")[0] == 0
    error = run("ports:add", "other", second, who="key:eve")[2]
    assert ("belongs to another app" in error, team in error) == (taken, False)
    run("ports:clear", team)
    assert run("ports:set", "other", second)[0] == 0


def test_a_clone_takes_no_tcp_or_udp_port_and_a_renamed_app_keeps_its_own(run: Run, team: str) -> None:
    run("ports:add", team, "http:80:5000", "tcp:9000:6000", "udp:9000:6000")
    assert run("apps:clone", team, "copy")[0] == 0
    assert run("ports:report", "copy", "--ports-map")[1] == "http:80:5000\n"
    assert run("apps:rename", team, "renamed")[0] == 0
    assert run("ports:report", "renamed", "--ports-map")[1] == "http:80:5000 tcp:9000:6000 udp:9000:6000\n"


def test_443_of_a_proxy_without_tls_is_refused(run: Run, team: str) -> None:
    assert "443 is for TLS alone" in run("proxy:set", team, "proxy-port", "443")[2]
    assert run("proxy:set", team, "proxy-ssl-port", "443", who="key:dev")[0] == 0


def test_exposed_port_is_not_published_if_a_deployer_may_not_publish_it(run: Run, host: Host, team: str) -> None:
    from dokkupy_apps.desired.host_ports import without_closed

    exposed = (Port("http", 5433, 5433), Port("https", 443, 443), Port("http", 8080, 8080))
    app = AppName(team)
    assert without_closed(host, app, exposed) == (Port("https", 443, 443),)
    assert without_closed(host, app, exposed[:1]) == (Port("http", 80, 5433),)
    run("proxy:set", "--global", "deployer-ports", "8080")
    assert without_closed(host, app, exposed) == exposed[1:]
    assert without_closed(host, AppName("wiki"), exposed) == exposed  # deployers may not use this port
    assert ports_of(deploy(host, team, {"Procfile": "web: serve\n"}).release)
