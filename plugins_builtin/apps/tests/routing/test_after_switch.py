"""The check after the switch: do clients reach the new release?"""

from __future__ import annotations

import pytest
from dokkupy.host import Host
from dokkupy.model.names import ProcessType
from dokkupy.model.ports import Port
from dokkupy.model.release import Release
from dokkupy_apps.processes.scale import scale
from dokkupy_apps.releases.records import current
from dokkupy_apps.routing import after_switch as look
from dokkupy_apps.routing.reroute import reroute
from dokkupy_apps.routing.routes import urls
from dokkupy_apps.testing import deploy
from dokkupy_sdk.errors import CheckFailed
from dokkupy_sdk.testing import FakeProxy

from plugins_builtin.apps.tests.on_fakes import BLOG, TREE, builder, engine, picture, proxy

# the check after the switch


def test_a_release_that_clients_cannot_reach_is_rolled_back(host: Host) -> None:
    deploy(host, "blog", TREE)
    before = picture(host)
    proxy(host).silent.add("blog.example.com")
    with pytest.raises(CheckFailed, match="a request through the proxy does not reach it") as failure:
        deploy(host, "blog", TREE)
    assert "http://blog.example.com: nobody listens" in failure.value.details
    assert picture(host) == before


def test_instance_that_exits_right_after_the_switch_rolls_the_deploy_back(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host, "blog", TREE)
    before = picture(host)
    apply = FakeProxy.apply

    def kills(self: FakeProxy, *words: object, **keywords: object) -> None:
        apply(self, *words, **keywords)  # type: ignore[arg-type]
        for one in [one for one in engine(host).made.values() if ".web.1.upcoming" in one.name]:
            engine(host).containers.stop(one.id, timeout=0)

    monkeypatch.setattr(FakeProxy, "apply", kills)
    with pytest.raises(CheckFailed, match="exited right after the switch"):
        deploy(host, "blog", TREE)
    monkeypatch.undo()
    assert picture(host)["release"] == before["release"]


def test_exposed_port_on_which_nothing_listens_is_left_out(host: Host) -> None:
    builder(host).ports = tuple(Port("http", number, number) for number in (8080, 3000, 9229))
    proxy(host).closed |= {8080, 9229}
    deploy(host, "blog", TREE)
    assert [str(port) for port in proxy(host).routes["blog"].ports] == ["http:3000:3000"]
    assert [one.port for one in current(host, BLOG)[1] if one.process == "web"] == [3000]
    reroute(host, app="blog")
    assert [str(port) for port in proxy(host).routes["blog"].ports] == ["http:3000:3000"]
    assert urls(host, BLOG) == ["http://blog.example.com:3000"]
    scale(host, BLOG, {ProcessType("web"): 2})
    assert [str(port) for port in proxy(host).routes["blog"].ports] == ["http:3000:3000"]
    proxy(host).closed.add(3000)
    with pytest.raises(CheckFailed):
        deploy(host, "blog", TREE)


def test_instances_without_checks_get_no_request(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy(host).silent.add("blog.example.com")
    monkeypatch.setattr(Release, "setting", lambda *_: "web")
    assert look.is_checked(Release(BLOG, 1, "", "", ""), "web") is False
