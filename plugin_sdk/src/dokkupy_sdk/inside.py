"""Runs a command inside a running container, and ends it when its caller disconnects.

When its client ends, the engine neither ends the process that it started in the container nor says which process that is.
The command therefore runs below a shell that has a mark among its arguments, which are visible on the host. The mark
finds the process, and a second command inside the container sends it a signal. The shell leaves Ctrl-C to the command.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from contextlib import contextmanager

from dokkupy.kernel.signals import handlers

from dokkupy_sdk.attached import interruptible, terminal, until_end
from dokkupy_sdk.execute import environment
from dokkupy_sdk.operation import SignalReceived, signals_ignored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Attach = Callable[[Sequence[str], bool], list[str]]
    """Returns the argv of the engine's client that runs this command in the container, with or without a terminal."""

SHELL = "/bin/sh"
GRACE = 10
"""Seconds from SIGHUP to SIGKILL."""

WITHOUT_LIMIT = 10**9
"""Seconds that a command may take, which is no limit in practice."""


def run_inside(attach: Attach, command: Sequence[str], *, tty: bool, has_shell: bool) -> int:
    """Run a command in a container on the caller's own terminal or pipes. Returns its exit status.

    When the caller ends in any way, the command gets SIGHUP, and SIGKILL after a grace period. In an image without a
    shell, the command continues instead.
    """
    mark = f"dokkupy-enter-{secrets.token_hex(8)}"
    words = (SHELL, "-c", f': {mark}; trap : INT QUIT; "$@"; exit $?', "sh", *command) if has_shell else tuple(command)
    argv = attach(words, tty)
    client: subprocess.Popen[bytes] | None = None
    interrupted: SignalReceived | None = None
    reason = ""
    try:
        with interruptible():
            with signals_held():
                client = subprocess.Popen(argv, env=environment(terminal()))
            reason = until_end(client, WITHOUT_LIMIT)
    except SignalReceived as error:
        interrupted = error
    with signals_ignored():
        if client is not None:
            if reason or interrupted:
                hang_up(attach, mark, client)
            try:
                client.wait(GRACE if reason or interrupted else None)
            except subprocess.TimeoutExpired:
                client.kill()
                client.wait()
    if interrupted is not None:
        raise interrupted
    return client.returncode if client is not None else 1


@contextmanager
def signals_held() -> Iterator[None]:
    """Delay signals until the end of the block, because nothing could end a client that is just being started."""
    held: list[int] = []
    with handlers(lambda number, _frame: held.append(number)):
        yield
    for number in held:
        signal.raise_signal(number)


def hang_up(attach: Attach, mark: str, client: subprocess.Popen[bytes]) -> None:
    """Send SIGHUP to the marked shell's process group, and SIGKILL to what remains after the grace period. If the caller
    ends at once, the shell may not have started; it still may while the engine's client is running."""
    deadline = time.monotonic() + GRACE
    while not (pid := marked(mark)):
        if client.poll() is not None or time.monotonic() > deadline:
            return
        time.sleep(0.05)

    def send(signal: str) -> bool:
        """Send a signal. Returns whether the process group existed."""
        script = f"kill -{signal} -{pid}"
        argv = attach((SHELL, "-c", script), False)
        return (
            subprocess.run(
                argv, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
            ).returncode
            == 0
        )

    deadline = time.monotonic() + GRACE
    send("HUP")
    while send("0"):
        if time.monotonic() > deadline:
            send("KILL")
            return
        time.sleep(0.1)


def marked(mark: str) -> int:
    """The marked shell's pid inside its container; 0 if it does not run."""
    for number in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/cmdline", "rb") as file:
                if mark.encode() not in file.read():
                    continue
            with open(f"/proc/{number}/status") as file:
                row = next(line for line in file if line.startswith("NSpid:"))
        except (OSError, StopIteration):
            continue  # the process has just ended
        numbers = row.split()[1:]
        if len(numbers) > 1:  # excludes the engine's client, which has the mark too but runs on the host
            return int(numbers[-1])
    return 0
