"""Builds wait for each other."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from dokkupy.model.names import AppName
from dokkupy.usecases.build_slot import build_slot
from dokkupy_sdk.testing import RecordingConsole, fake_host


def test_second_build_waits_for_the_first_and_says_for_whom(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait(5)
        with build_slot(host, AppName("shop")):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with build_slot(host, AppName("blog")):
        inside.set()
        time.sleep(0.5)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]
    assert isinstance(host.out, RecordingConsole)
    assert any("the build of blog" in str(line) for line in host.out.lines)


def test_as_many_run_at_once_as_the_administrator_allows(tmp_path: Path) -> None:
    host = fake_host(tmp_path)
    host.store.write("global", "builds", data={"properties": {"parallel": "2"}})
    with build_slot(host, AppName("blog")), build_slot(host, AppName("shop")):
        pass
