"""Failpoints: points between two steps at which a test can make a process die or fail.

`DOKKUPY_FAILPOINT=kill@N` ends the process with SIGKILL at its Nth failpoint, `fail@N` raises there, `signal-TERM@N`
sends the signal. `DOKKUPY_FAILPOINT_LOG=FILE` appends the name of every failpoint that is passed, so that a test can
iterate over them. sshd and sudo pass neither variable on, so only a user with a shell on the host can set them.
"""

from __future__ import annotations

import os
import signal

from dokkupy.errors import HostError

_passed = 0


def failpoint(name: str) -> None:
    """Mark a point between two steps. Does nothing outside the tests."""
    log = os.environ.get("DOKKUPY_FAILPOINT_LOG")
    order = os.environ.get("DOKKUPY_FAILPOINT")
    if not log and not order:
        return
    global _passed
    _passed += 1
    if log:
        with open(log, "a") as file:
            file.write(f"{_passed}\t{name}\n")
    if order:
        kind, _, at = order.partition("@")
        if at == str(_passed):
            if kind == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if kind.startswith("signal-"):
                os.kill(os.getpid(), getattr(signal, "SIG" + kind.removeprefix("signal-")))
                return
            raise HostError(f"The failpoint {_passed} ({name}) is set to fail")
