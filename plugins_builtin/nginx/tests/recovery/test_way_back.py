"""No setting, no foreign file and no lost link makes a state of the proxy from which there is no way back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from dokkupy.cli.main import main
from dokkupy_apps.testing import deploy
from dokkupy_nginx.settings import SETTINGS
from dokkupy_nginx.setup.doctor import findings
from dokkupy_nginx.timer import tick
from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.model import Upstream
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing import fake_host

from plugins_builtin.nginx.tests.conftest import Rig

BLOG = AppName("blog")
WRONG = (
    "$no_such_variable",
    "${scheme",
    "a;b",
    "a{b",
    'a"b',
    "#",
    "-1",
    "-t",
    "0",
    "1",
    "99999999999999999999",
    "9" * 5000,
    "1x",
    "1m",
    "10 4k",
    "2 4k",
    "on",
    "off",
    "true",
    "maybe",
    "../../etc/passwd",
    "/etc/passwd",
    "/var/log/nginx/x.log",
    "/var/log/nginx/blog-x.log",
    "/var/log/nginx/../x.log",
    "no such",
    "nosuch",
    "ünïcode",
    "a\nb",
    "\u202e",
    "203.0.113.7",
    "256.1.1.1",
    "127.0.0.1",
    "2001:db8::7",
    "[::1]",
    "::ffff:1.2.3.4",
    "fe80::1",
    "$scheme $http_cookie",
    "\\",
    "'",
    "%",
    " ",
    "365d",
    "366d",
    "1s 1s",
    "0 0k",
    "256 1m",
    "1024g",
)


@pytest.fixture
def host(rig: Rig) -> Host:
    """A deployed app on fakes, whose proxy is the real nginx from here on."""
    made = fake_host(rig.root / "state", plugins=("nginx",))
    deploy(made, "blog", {"Procfile": "web: serve"})
    made._overrides.pop(("proxy", "fake"))
    rig.proxy.host = made
    made.override_role("proxy", "nginx", rig.proxy)
    with_ports(made, rig)
    assert main(["proxy:build-config", "blog"], host=made) == 0
    return made


def with_ports(host: Host, rig: Rig) -> None:
    release = host.store.path("apps", "blog", "releases", "000001")
    text = Path(release).read_text()
    Path(release).write_text(text.replace("http:80:5000", f"http:{rig.http}:5000"))


def stored(host: Host, app: AppName | None, name: str) -> str:
    return SETTINGS.raw(host.store, app, name)


def test_a_value_is_one_that_nginx_serves_or_is_refused_and_never_stays(host: Host, rig: Rig) -> None:
    """Of an app that is not deployed: nothing but the judgement of the value tests it."""
    news = AppName("news")
    main(["apps:create", news], host=host)
    accepted = 0
    for name in SETTINGS.properties:
        for value in plausible(name)[:3]:
            status = main(["nginx:set", news, name, "--", value], host=host)
            assert bool(stored(host, news, name)) == (status == 0), (name, value)
            if status == 0:
                accepted += 1
                upstreams = {5000: (Upstream("127.0.0.1", 5000),)}
                rig.proxy.validate([rig.route(news, "news.example.com", upstreams=upstreams)])
                assert main(["nginx:set", news, name], host=host) == 0, (name, value)
                assert stored(host, news, name) == ""
    assert accepted > 50
    assert "internal_error" not in events(host)


@pytest.mark.parametrize("scope", ["blog", "--global"])
@pytest.mark.parametrize("value", ["$no_such_variable", "${scheme", "$scheme"])
def test_what_serves_is_as_it_was_after_a_value_was_refused_or_unset(host: Host, scope: str, value: str) -> None:
    app = AppName(scope) if scope == "blog" else None
    served = host.proxy(BLOG).show(BLOG)
    status = main(["nginx:set", scope, "x-forwarded-ssl", value], host=host)
    assert (status, stored(host, app, "x-forwarded-ssl")) == ((0, value) if value == "$scheme" else (1, ""))
    assert (host.proxy(BLOG).show(BLOG) == served) == (status == 1)
    assert main(["nginx:set", scope, "x-forwarded-ssl"], host=host) == 0
    assert host.proxy(BLOG).show(BLOG) == served


def plausible(name: str) -> list[str]:
    """The values that the property's own rule takes: core's tests try all others."""

    def fits(value: str) -> bool:
        try:
            return bool(SETTINGS.properties[name].parse(value))
        except UserError:
            return False

    return [value for value in WRONG if fits(value)]


def events(host: Host) -> str:
    try:
        return Path(host.path("logs", "events.log")).read_text()
    except FileNotFoundError:
        return ""


@pytest.mark.parametrize(
    "name, value",
    [
        ("bind-address-ipv6", "[2001:db8::7]"),
        ("bind-address-ipv4", "203.0.113.7"),
        ("x-forwarded-for-value", "$no_such_variable"),
        ("client-max-body-size", "lots"),
        ("access-log-format", "nosuch"),
        ("access-log-path", "/var/log/nginx/no/such/dir.log"),
    ],
)
def test_a_value_of_an_older_version_is_unset_changed_and_destroyed(host: Host, name: str, value: str) -> None:
    for words in (
        ["nginx:set", "blog", name],
        ["nginx:set", "blog", "client-max-body-size", "5m"],
        ["domains:clear", "blog"],
        ["proxy:disable", "blog"],
        ["--force", "apps:destroy", "blog"],
    ):
        host.store.write("apps", "blog", "nginx", data={"properties": {name: value}})
        assert main(words, host=host) == 0, words
    assert not os.path.exists(host.path("apps", "blog"))
    assert host.proxy().apps() == ()


def test_a_broken_site_of_others_keeps_no_app(host: Host, rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    (rig.root / "etc/conf.d/other.conf").write_text("no_such_directive;\n")
    assert main(["nginx:set", "blog", "client-max-body-size", "5m"], host=host) == 0
    assert "no_such_directive" in capsys.readouterr().err
    assert main(["nginx:set", "blog", "client-max-body-size"], host=host) == 0
    assert main(["--force", "apps:destroy", "blog"], host=host) == 0
    assert "no_such_directive" in capsys.readouterr().err
    assert host.proxy().apps() == ()
    (rig.root / "etc/conf.d/other.conf").unlink()
    rig.proxy.reload()


def test_an_app_is_taken_away_while_nginx_is_down_or_gone(host: Host, rig: Rig) -> None:
    rig.stop()
    rig.layout.binary = "/nonexistent/nginx"
    assert main(["--force", "apps:destroy", "blog"], host=host) == 0
    assert host.proxy().apps() == ()


@pytest.mark.parametrize("trees", [True, False], ids=["link", "link and trees"])
def test_a_lost_tree_is_a_finding_and_comes_back_whole(host: Host, rig: Rig, trees: bool) -> None:
    os.makedirs(host.path("apps", "shop"))
    main(["apps:create", "news"], host=host)

    def lose() -> None:
        os.unlink(rig.layout.live)
        if not trees:
            shutil.rmtree(rig.layout.trees)

    lose()
    assert any("is missing" in one.message for one in findings(rig.proxy) if one.level == "error")
    tick(host)
    assert rig.proxy.apps() == ("blog",)
    lose()
    other = rig.backend("other")
    rig.proxy.apply([rig.route("other", "other.example.com", upstreams={5000: (other.upstream,)})])
    assert rig.proxy.apps() == ("blog", "other")
    assert rig.get("other.example.com").body == "other /"
