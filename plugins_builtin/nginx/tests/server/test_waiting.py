"""Names that no route serves yet are answered with a page, without a reload; unknown names learn nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dokkupy_sdk.model import Upstream
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.testing.ports import free_port

from plugins_builtin.nginx.tests.conftest import Rig

BLOG, NAME = AppName("blog"), "blog.example.com"


@pytest.fixture
def rig(rig: Rig, public: Path) -> Rig:
    """The host after setup: with the directory of the pages, which nginx's workers can read."""
    rig.layout.system = str(public)
    Path(rig.layout.waiting).mkdir(parents=True)
    rig.serve("other", "other.example.com")
    return rig


def announce(rig: Rig, *names: str, app: AppName = BLOG, reason: str = "not-deployed") -> None:
    rig.proxy.announce(app, [Domain(name) for name in names], reason)


def pages(rig: Rig) -> list[str]:
    return sorted(os.listdir(rig.layout.waiting))


def test_an_announced_name_is_answered_at_once(rig: Rig) -> None:
    generation = rig.proxy.trees.generation
    assert rig.get(NAME).status == 0
    announce(rig, NAME)
    answer = rig.get(NAME.upper(), "/any/path?x=1")
    assert answer.status == 502 and "Nothing is deployed here yet" in answer.body
    assert answer.headers["content-type"] == "text/html"
    assert rig.get("nobody.example.com").status == 0
    assert rig.proxy.trees.generation == generation


def test_names_that_go_are_unknown_again_and_wildcards_have_no_page(rig: Rig) -> None:
    announce(rig, NAME, "b.example.com", "*.c.example.com", "_")
    assert pages(rig) == ["b.example.com", NAME]
    announce(rig, "b.example.com", reason="disabled")
    assert pages(rig) == ["b.example.com"] and "takes no requests" in rig.get("b.example.com").body
    assert rig.get(NAME).status == 0
    announce(rig)
    assert pages(rig) == [] and os.listdir(rig.layout.waiting_records) == []


def test_apps_do_not_take_each_other_s_pages(rig: Rig) -> None:
    announce(rig, NAME)
    announce(rig, "shop.example.com", app=AppName("shop"))
    announce(rig)
    assert pages(rig) == ["shop.example.com"]


def test_a_route_comes_before_a_page(rig: Rig) -> None:
    announce(rig, NAME)
    rig.serve("blog", NAME)
    assert rig.get(NAME).body.startswith("blog")


def test_an_app_that_is_known_to_have_crashed_says_so_until_it_answers(rig: Rig) -> None:
    port = free_port()
    rig.proxy.apply([rig.route("blog", NAME, upstreams={5000: (Upstream("127.0.0.1", port),)})])
    assert "It is starting" in rig.get(NAME).body
    announce(rig, NAME, reason="crashed")
    answer = rig.get(NAME, "/any/path")
    assert answer.status == 502 and "This app has crashed" in answer.body
    rig.serve("blog", NAME)
    assert rig.get(NAME).body.startswith("blog")
    announce(rig)
    assert rig.get(NAME).body.startswith("blog")


def test_without_the_directory_a_name_is_unknown_and_nothing_fails(rig: Rig) -> None:
    Path(rig.layout.waiting).rmdir()
    announce(rig, NAME)
    assert not os.path.exists(rig.layout.waiting_records)


@pytest.mark.parametrize("host", ["..", ".", "../waiting", "%2e%2e", "a/../b", ""])
def test_no_header_leads_out_of_the_directory(rig: Rig, host: str) -> None:
    announce(rig, NAME)
    assert rig.get(host).status in (0, 400)
