"""`enter`: a command in an instance has the caller's status, and ends with its caller."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence

import pytest
from dokkupy.errors import Interrupted, NotFound, UserError
from dokkupy.host import Host
from dokkupy.model.names import AppName, ProcessType
from dokkupy.model.release import Instance
from dokkupy_apps.processes.scale import scale
from dokkupy_apps.testing import deploy
from dokkupy_run.enter import enter_instance
from dokkupy_sdk import inside
from dokkupy_sdk.testing.fake_images import FakeImages
from dokkupy_sdk.testing.processes import all_end, session_leader, with_argument

APP = AppName("blog")


@pytest.fixture
def files(host: Host, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The files of images. Containers are processes of this host, each in a session of its own, as in a container."""
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    images = host.images()
    assert isinstance(images, FakeImages)
    images.engine.files["/bin/sh"] = b""

    def attach_argv(instance: Instance, command: Sequence[str], *, tty: bool) -> list[str]:
        return ["setsid", "--wait", *command]

    monkeypatch.setattr(host.scheduler(), "attach_argv", attach_argv)
    return images.engine.files


def enter(host: Host, *command: str) -> int:
    return enter_instance(host, APP, "web", command, container_id="", tty=False)


@pytest.mark.parametrize("shell", [True, False])
def test_a_command_has_its_own_status_and_arguments(host: Host, files: dict[str, bytes], shell: bool) -> None:
    if not shell:
        files.clear()
    assert enter(host, "sh", "-c", 'test "$1" = "a  b" && exit 7', "x", "a  b") == 7


def test_entering_a_missing_instance_is_an_error(host: Host, files: dict[str, bytes]) -> None:
    with pytest.raises(NotFound, match="No containers found for type 'worker'") as caught:
        enter_instance(host, APP, "worker", (), container_id="", tty=False)
    assert caught.value.hint == "Available types for app (blog): web"
    with pytest.raises(NotFound, match="Invalid container id for app"):
        enter_instance(host, APP, "", (), container_id="0123", tty=False)


def test_without_a_type_the_only_one_is_entered_and_of_several_none(host: Host, files: dict[str, bytes]) -> None:
    deploy(host, "jobs", {"Procfile": "worker: work\n"})
    scale(host, AppName("jobs"), {ProcessType("worker"): 1})
    assert enter_instance(host, AppName("jobs"), "", ("sh", "-c", "exit 4"), container_id="", tty=False) == 4
    deploy(host, "shop", {"Procfile": "web: serve\nworker: work\n"})
    scale(host, AppName("shop"), {ProcessType("worker"): 1})
    with pytest.raises(UserError, match="No container type specified.") as caught:
        enter_instance(host, AppName("shop"), "", ("true",), container_id="", tty=False)
    assert caught.value.hint == "Available types for app (shop): web worker"


@pytest.mark.parametrize("obeys", [True, False])
def test_a_command_ends_with_its_caller(
    host: Host, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, obeys: bool
) -> None:
    monkeypatch.setattr(inside, "GRACE", 2 if obeys else 0.3)

    monkeypatch.setattr(inside, "marked", session_leader)
    token = f"{os.getpid()}.5"
    trap = "" if obeys else "trap '' HUP; "

    def interrupt() -> None:
        while not with_argument(token):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGHUP)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(Interrupted):
        enter(host, "sh", "-c", f"{trap}sleep {token}; true")
    thread.join()
    assert all_end(token)
