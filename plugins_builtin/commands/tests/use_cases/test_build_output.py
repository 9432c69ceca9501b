"""`builds:output` prints all output of a build, and follows a running one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from dokkupy_apps.builds.records import recorded
from dokkupy_commands.use_cases import build_records
from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing import fake_host

BLOG = AppName("blog")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    from dokkupy_apps.apps import create_app

    made = fake_host(tmp_path)
    create_app(made, BLOG)
    return made


def test_a_running_build_is_followed_to_its_end_and_no_line_is_lost(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_records, "LOOK", 0.01)
    monkeypatch.setattr(build_records, "reader_left", lambda fd: False)
    seen, first = [], threading.Event()

    def read() -> None:
        for line in build_records.follow(host, BLOG, "b1"):
            seen.append(line)
            first.set()

    with operation(host, "deploy", "app:blog"), recorded(host, BLOG, "b1", kind="build", source="git-hook"):
        host.out.log.write("one\ntwo")
        host.out.log.flush()
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        assert first.wait(60)
        host.out.log.write(" and a half\nthree")
    reader.join(60)
    assert seen == ["one", "two and a half", "three"]


def test_failed_build_is_printed_completely(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AppError), operation(host, "deploy", "app:blog"):
        with recorded(host, BLOG, "b2", kind="build", source="git-hook"):
            host.out.log.write("compiling\n")
            raise AppError("it is broken")
    assert list(build_records.follow(host, BLOG, "b2")) == ["compiling", " !     it is broken"]


def test_following_ends_when_the_reader_disconnects(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_records, "reader_left", lambda fd: True)
    with operation(host, "deploy", "app:blog"), recorded(host, BLOG, "b3", kind="build", source="git-hook"):
        host.out.log.write("one\n")
        host.out.log.flush()
        assert list(build_records.follow(host, BLOG, "b3")) == ["one"]
