"""The commands `ports:*`: containers, checks and route change together."""

from __future__ import annotations

import pytest
from dokkupy.host import Host
from dokkupy.model.names import AppName
from dokkupy_apps.releases.records import current
from dokkupy_apps.testing import deploy
from dokkupy_sdk.source_store import source_store

from plugins_builtin.commands.tests.conftest import TREE, Run


def test_changed_container_port_reaches_containers_checks_and_route_together(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    source_store(host).trees["blog"] = dict(TREE)  # type: ignore[attr-defined]
    assert run("ports:set", "blog", "http:80:3000")[0] == 0

    def asked() -> tuple[set[str], set[int], list[int]]:
        _, serving = current(host, AppName("blog"))
        ids = {one.id for one in serving}
        specs = host.engine().specs  # type: ignore[attr-defined]
        variables = {specs[one].env["PORT"].reveal() for one in ids}
        return variables, {one.port for one in serving}, list(host.proxy().routes["blog"].upstreams)  # type: ignore[attr-defined]

    assert asked() == ({"3000"}, {3000}, [3000])
    for command in ("ps:restart", "ps:rebuild", "releases:rollback", "ps:stop", "ps:start"):
        assert run(command, "blog")[0] == 0, command
        assert asked() == ({"3000"}, {3000}, [3000]), command
    run("ps:scale", "blog", "web=2")
    assert asked() == ({"3000"}, {3000}, [3000])
    run("ports:clear", "blog")
    assert asked() == ({"5000"}, {5000}, [5000])
    run("config:set", "blog", "PORT=4000")
    assert asked() == ({"4000"}, {4000}, [4000])


def test_a_map_to_a_closed_port_is_refused_and_the_old_one_stays(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    host.proxy().closed.add(3000)  # type: ignore[attr-defined]
    status, _, error = run("ports:set", "blog", "http:80:3000")
    assert status == 1
    assert "a request through the proxy does not reach it" in error
    assert run("ports:report", "blog", "--ports-map")[1] == "\n"
    assert list(host.proxy().routes["blog"].upstreams) == [5000]  # type: ignore[attr-defined]


def test_ports_set_while_an_app_is_stopped_apply_when_it_starts(run: Run, host: Host) -> None:
    deploy(host, "blog", TREE)
    run("ps:stop", "blog")
    assert run("ports:set", "blog", "http:80:3000")[0] == 0
    assert run("ps:start", "blog")[0] == 0
    _, serving = current(host, AppName("blog"))
    assert [one.port for one in serving if one.process == "web"] == [3000]
    assert list(host.proxy().routes["blog"].upstreams) == [3000]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "row", ["80", "http:80", "http:80:0", "http:x:1", "gopher:80:80", "http:99999:80", "http:80:80:80"]
)
def test_a_bad_port_is_refused(run: Run, row: str) -> None:
    run("apps:create", "blog")
    assert run("ports:add", "blog", row)[0] == 1
    assert run("ports:report", "blog", "--ports-map")[1] == "\n"


def test_the_same_host_port_twice_is_refused(run: Run) -> None:
    run("apps:create", "blog")
    status, _, error = run("ports:set", "blog", "http:80:3000", "http:80:4000")
    assert status == 1 and "The same scheme:host-port is being reused" in error
