"""`enter` and `connect`: a command in a service's container has its own status, and ends with its caller."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from dokkupy_sdk import Host, inside
from dokkupy_sdk.errors import Interrupted
from dokkupy_services.commands.attach import attach
from dokkupy_services.names import ServiceName

from plugins_builtin.services.tests.test_service_commands import Ran, host, run  # noqa: F401

DB = ServiceName("db")


@pytest.fixture
def own(host: Host, run: object, monkeypatch: pytest.MonkeyPatch) -> Host:  # noqa: F811
    """A host with the service `db`. Its container's processes are this host's, each in a session of its own."""
    assert callable(run)
    ran: Ran = run("fake:create", "db")
    assert ran[0] == 0

    def attach_argv(ref: str, command: Sequence[str], *, tty: bool) -> list[str]:
        return ["setsid", "--wait", *command]

    monkeypatch.setattr(host.sessions(), "attach_argv", attach_argv)
    return host


def with_line(text: str) -> list[int]:
    """The processes that have this among their arguments."""
    found = []
    for number in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if text.encode() in Path(f"/proc/{number}/cmdline").read_bytes():
                found.append(int(number))
        except OSError:
            pass
    return found


def test_a_command_has_its_own_status_and_arguments(own: Host) -> None:
    assert attach(own, "fake", DB, ("sh", "-c", 'test "$1" = "a  b" && exit 7', "x", "a  b")) == 7


def test_a_command_ends_with_its_caller(own: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def leader(mark: str) -> int:
        """The marked shell, and not what waits for it."""
        return next((pid for pid in with_line(mark) if os.getsid(pid) == pid), 0)

    monkeypatch.setattr(inside, "marked", leader)
    token = f"{os.getpid()}.7"

    def interrupt() -> None:
        while not with_line(token):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGHUP)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(Interrupted):
        attach(own, "fake", DB, ("sh", "-c", f"sleep {token}; true"))
    thread.join()
    end = time.monotonic() + 5
    while with_line(token) and time.monotonic() < end:
        time.sleep(0.05)
    assert with_line(token) == []
