"""The commands `domains:*` and `url`: the names to which an app answers."""

from __future__ import annotations

from dokkupy.host import Host
from dokkupy_apps.testing import deploy

from plugins_builtin.commands.tests.conftest import TREE, Run


def test_domains_follow_the_global_ones_until_the_app_has_its_own(run: Run) -> None:
    run("apps:create", "blog")
    run("domains:add-global", "example.com")
    assert run("domains:report", "--global", "--domains-global-vhosts")[1] == "example.com\n"
    assert run("domains:report", "blog", "--domains-app-vhosts")[1] == "blog.example.com\n"
    run("domains:set", "blog", "one.org", "two.org")
    assert run("urls", "blog")[1] == "http://one.org\nhttp://two.org\n"
    assert run("domains:add", "blog", "bad_name!")[0] == 1
    run("domains:reset", "blog")
    assert run("url", "blog")[1] == "http://blog.example.com\n"


def test_url_of_an_app_that_does_not_serve_has_a_warning_and_wildcards_are_left_out(run: Run, host: Host) -> None:
    run("apps:create", "blog")
    run("domains:set", "blog", "one.org", "*.one.org")
    assert run("urls", "blog") == (0, "http://one.org\n", "")
    deploy(host, "blog", TREE)
    assert run("urls", "blog") == (0, "http://one.org\n", "")
    for stop, start in (
        (("ps:stop", "blog"), ("ps:start", "blog")),
        (("proxy:disable", "blog"), ("proxy:enable", "blog")),
        (("ps:scale", "blog", "web=0"), ("ps:scale", "blog", "web=1")),
    ):
        run(*stop)
        status, output, error = run("urls", "blog")
        assert (status, output) == (0, "http://one.org\n")
        assert f"{start[0]} blog" in error
        run(*start)
        assert run("urls", "blog") == (0, "http://one.org\n", "")


def test_changed_domains_and_host_ports_reach_the_proxy_without_touching_an_instance(run: Run, host: Host) -> None:
    first = deploy(host, "blog", TREE).instances
    run("domains:set", "blog", "one.org")
    run("ports:set", "blog", "http:8080:5000")
    route = host.proxy().routes["blog"]  # type: ignore[attr-defined]
    assert [str(name) for name in route.domains] == ["one.org"]
    assert [str(port) for port in route.ports] == ["http:8080:5000"]
    assert [one.id for one in host.containers().find_all({})] == [one.id for one in first]
