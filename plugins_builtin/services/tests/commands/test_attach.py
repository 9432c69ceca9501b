"""`enter` and `connect`: a command in a service's container has its own status, and ends with its caller."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence

import pytest
from dokkupy_sdk import Host, inside
from dokkupy_sdk.errors import Interrupted
from dokkupy_sdk.testing.processes import all_end, session_leader, with_argument
from dokkupy_services import records
from dokkupy_services.commands.attach import attach
from dokkupy_services.lifecycle.container import require_running
from dokkupy_services.names import ServiceName

from plugins_builtin.services.tests.conftest import Ran

DB = ServiceName("db")


@pytest.fixture
def own(host: Host, run: object, monkeypatch: pytest.MonkeyPatch) -> Host:  # noqa: F811
    """A host with the service `db`. Its container's processes run on this host, each in its own session."""
    assert callable(run)
    ran: Ran = run("fake:create", "db")
    assert ran[0] == 0

    def attach_argv(ref: str, command: Sequence[str], *, tty: bool) -> list[str]:
        return ["setsid", "--wait", *command]

    monkeypatch.setattr(host.sessions(), "attach_argv", attach_argv)
    return host


def test_a_command_has_its_own_status_and_arguments(own: Host) -> None:
    assert (
        attach(
            own,
            require_running(own, records.read(own, "fake", DB)),
            ("sh", "-c", 'test "$1" = "a  b" && exit 7', "x", "a  b"),
        )
        == 7
    )


@pytest.mark.parametrize("seconds", ["0", "0.5"], ids=["started", "not yet started"])
def test_a_command_ends_with_its_caller(own: Host, monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    """Also if the caller disconnects before the engine has started it."""
    monkeypatch.setattr(inside, "marked", session_leader)
    monkeypatch.setattr(inside, "GRACE", 3)
    started = own.sessions().attach_argv

    def attach_argv(ref: str, command: Sequence[str], *, tty: bool) -> list[str]:
        return ["sh", "-c", f'sleep {seconds}; exec "$@"', "sh", *started(ref, command, tty=tty)]

    monkeypatch.setattr(own.sessions(), "attach_argv", attach_argv)
    token = f"{os.getpid()}.7"

    def interrupt() -> None:
        while not with_argument(token):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGHUP)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(Interrupted):
        attach(own, require_running(own, records.read(own, "fake", DB)), ("sh", "-c", f"sleep {token}; true"))
    thread.join()
    assert all_end(token)
