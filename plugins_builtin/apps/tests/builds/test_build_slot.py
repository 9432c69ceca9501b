"""Only a limited number of builds runs at once; the others wait."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from dokkupy.errors import UserError
from dokkupy.kernel import locks
from dokkupy.model.names import AppName
from dokkupy_apps.builds.build_slot import build_slot, memory_cap
from dokkupy_apps.desired.properties import BUILDS
from dokkupy_sdk.testing import RecordingConsole, fake_host


def test_a_second_build_waits_and_names_the_app_that_is_being_built(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait(60)
        with build_slot(host, AppName("shop")):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with build_slot(host, AppName("blog")):
        inside.set()
        assert isinstance(host.out, RecordingConsole)
        deadline = time.monotonic() + 60
        while not any("the build of blog" in str(line) for line in host.out.lines):
            assert time.monotonic() < deadline, "the second build does not say that it waits"
            time.sleep(0.01)
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]


@pytest.mark.parametrize(("who", "whose"), [("key:dev", False), ("key:boss", True), ("root", True)])
def test_a_key_of_one_app_does_not_learn_which_other_app_is_being_built(tmp_path: Path, who: str, whose: bool) -> None:
    host = fake_host(tmp_path)
    keys = {"dev": {"role": "deployer", "apps": ["shop"]}, "boss": {"role": "admin"}}
    host.store.write("global", "ssh-keys", data={"keys": keys})
    waiting = host.for_invocation(who=who)
    ended = threading.Event()

    def second() -> None:
        with build_slot(waiting, AppName("shop")):
            ended.set()

    thread = threading.Thread(target=second)
    with build_slot(host, AppName("secret-blog")):
        thread.start()
        for _ in range(3000):
            if "Waiting for another build" in host.out.text():  # type: ignore[attr-defined]
                break
            ended.wait(0.02)
    thread.join(60)
    assert ended.is_set() and "Waiting for another build to end" in host.out.text()  # type: ignore[attr-defined]
    assert ("secret-blog" in host.out.text()) == whose  # type: ignore[attr-defined]
    assert "build-slot" not in host.out.text()  # type: ignore[attr-defined]


def test_as_many_builds_run_at_once_as_the_admin_allows(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    host.store.write("global", "builds", data={"properties": {"parallel": "2"}})
    with build_slot(host, AppName("blog")), build_slot(host, AppName("shop")):
        holders = [locks.holder(host.root, f"build-slot-{number}")["command"] for number in range(2)]
    assert holders == ["the build of blog", "the build of shop"]


@pytest.mark.parametrize(("text", "expected"), [("none", 0), ("512m", 512 << 20), ("4g", 4 << 30)])
def test_memory_of_all_builds_is_what_the_property_says(tmp_path: Path, text: str, expected: int) -> None:
    host = fake_host(tmp_path)
    host.store.write("global", "builds", data={"properties": {"memory": text}})
    assert memory_cap(host) == expected


def test_memory_of_all_builds_is_three_quarters_of_the_host_by_default(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    whole = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert memory_cap(host) == pytest.approx(whole * 3 / 4, rel=0.01)


@pytest.mark.parametrize("text", ["0%", "101%", "4", "-1g", "4t", "all", "1.5g", "0g"])
def test_an_impossible_memory_of_all_builds_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="75%"):
        BUILDS.require("memory", is_global=True).parse(text)
