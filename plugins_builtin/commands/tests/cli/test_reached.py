"""After a change of its route, an app is requested through the proxy. If clients no longer reach it, the change is
rolled back."""

from __future__ import annotations

import pytest
from dokkupy.host import Host
from dokkupy.model.names import AppName
from dokkupy_apps.processes.start_stop import stop_app
from dokkupy_apps.testing import deploy
from dokkupy_sdk.testing import FakeProxy

from plugins_builtin.commands.tests.conftest import Run

BLOG = AppName("blog")
TREE = {"Procfile": "web: serve\n"}
NEW = "new.example.com"


@pytest.fixture(autouse=True)
def global_domain(host: Host) -> None:
    host.store.write("global", "domains", data={"vhosts": ["apps.test"]})


def proxy(host: Host) -> FakeProxy:
    made = host.proxy()
    assert isinstance(made, FakeProxy)
    return made


def picture(host: Host) -> dict[str, object]:
    records = ("domains", "proxy", "ports", "deployment")
    return {"routes": dict(proxy(host).routes), **{name: host.store.read("apps", BLOG, name) for name in records}}


CHANGES = {
    "domains:add": (),
    "domains:set": (),
    "domains:enable": ("domains:disable", "blog"),
    "domains:reset": ("domains:set", "blog", "old.example.com"),
    "proxy:enable": ("proxy:disable", "blog"),
    "ports:add": (),
    "ports:set": (),
    "ports:remove": ("ports:set", "blog", "http:80:5000", "http:81:5000"),
    "ports:clear": ("ports:set", "blog", "http:81:5000"),
}
ARGUMENTS = {
    "domains:add": [NEW],
    "domains:set": [NEW],
    "ports:add": ["http:82:5000"],
    "ports:set": ["http:82:5000"],
    "ports:remove": ["81"],
}


@pytest.mark.parametrize("command", list(CHANGES))
def test_a_change_after_which_clients_reach_no_instance_is_rolled_back(command: str, run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    if CHANGES[command]:
        assert run(*CHANGES[command])[0] == 0
    before = picture(host)
    proxy(host).silent.update({NEW} if command in ("domains:add", "domains:set") else {"blog.apps.test"})
    status, _, err = run(command, "blog", *ARGUMENTS.get(command, []))
    if command in ("ports:remove", "ports:clear", "ports:add", "ports:set"):
        assert "does not reach it" in err
    else:
        assert "With this change, a request through the proxy does not reach blog" in err
        assert "Nothing was changed." in err
    name = NEW if command in ("domains:add", "domains:set") else "blog.apps.test"
    assert (status, f"http://{name}" in err, "nobody listens" in err) == (1, True, True)
    assert picture(host) == before


@pytest.mark.parametrize("command", ["domains:remove", "domains:clear", "domains:disable"])
def test_a_removed_name_is_no_longer_requested(command: str, run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    assert run("domains:add", "blog", NEW)[0] == 0
    proxy(host).silent.add(NEW)
    assert run(command, "blog", *([NEW] if command == "domains:remove" else []))[0] == 0
    assert NEW not in proxy(host).routes["blog"].domains


def test_an_app_that_was_unreachable_before_is_changed_with_a_warning(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    proxy(host).closed.add(5000)
    status, out, err = run("domains:add", "blog", NEW)
    assert status == 0 and f"Added {NEW}" in out
    assert "still does not reach blog: http://blog.apps.test: nobody listens" in err


def test_a_name_that_was_unreachable_before_does_not_fail_another(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    assert run("domains:add", "blog", "old.example.com")[0] == 0
    proxy(host).silent.add("old.example.com")
    assert run("domains:add", "blog", NEW)[::2] == (0, "")


@pytest.mark.parametrize("way", ["stopped", "disabled"])
def test_app_that_should_not_be_reachable_is_not_requested(way: str, run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    if way == "stopped":
        stop_app(host, BLOG)
    else:
        assert run("proxy:disable", "blog")[0] == 0
    proxy(host).silent.add(NEW)
    assert run("domains:add", "blog", NEW)[::2] == (0, "")


def test_a_global_change_names_the_apps_that_are_not_reached_and_serves_the_others(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    deploy(host, "shop", TREE)
    proxy(host).silent.add("blog.more.test")
    status, _, err = run("domains:add-global", "more.test")
    assert status == 1
    assert "blog: With this change" in err and "shop" not in err
    assert "shop.more.test" in proxy(host).routes["shop"].domains
    assert host.store.read("global", "domains")["vhosts"] == ["apps.test", "more.test"]


def test_a_property_of_the_proxy_after_which_clients_reach_no_instance_is_rolled_back(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    run("domains:disable", "blog")
    before = picture(host)
    other = FakeProxy(host)
    other.closed.add(5000)
    host.override_role("proxy", "other", other)
    status, _, err = run("proxy:set", "blog", "type", "other")
    assert status == 1 and "does not reach blog" in err
    assert (picture(host), other.routes) == (before, {})


@pytest.mark.parametrize("scope", ["blog", "--global"])
def test_app_that_moves_to_another_proxy_is_removed_from_the_old_one(scope: str, run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    old, new = proxy(host), FakeProxy(host)
    host.override_role("proxy", "other", new)
    assert run("proxy:set", scope, "type", "other")[0] == 0
    assert (set(old.routes), set(new.routes)) == (set(), {"blog"})
    assert run("proxy:set", scope, "type")[0] == 0
    assert (set(old.routes), set(new.routes)) == ({"blog"}, set())


def test_page_of_an_app_without_a_route_is_only_in_its_own_proxy(run: Run, host: Host) -> None:
    run("apps:create", "blog")
    old, new = proxy(host), FakeProxy(host)
    host.override_role("proxy", "other", new)
    assert run("proxy:set", "blog", "type", "other")[0] == 0
    run("domains:add", "blog", NEW)
    assert (set(old.waiting), set(new.waiting)) == (set(), {"blog"})
