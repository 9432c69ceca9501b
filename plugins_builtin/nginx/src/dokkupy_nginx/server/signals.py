"""Signals to nginx's processes from a user who may not send them: by a program that root runs while the traffic switches.

Each `sudo` takes 7 ms, and a switch would wait for two. So one program does both. It starts while the new instances start,
reads what to do from its standard input, and ends with it.
"""

from __future__ import annotations

import os
import select
from collections.abc import Sequence

from dokkupy_sdk.execute import environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from subprocess import Popen

RELOAD, FINISH, DONE = "reload", "finish", b"done\n"

LONGEST = 5000
"""Milliseconds within which the program answers, on the slowest host."""


class Signals:
    """The program of one nginx, which is started at its first use or before. argv: how."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.argv = argv
        self._program: Popen[bytes] | None = None

    def begin(self) -> bool:
        """Start the program. False without it, as before `dokkupy setup`."""
        if self._program is None and os.access(self.argv[-1], os.X_OK):
            from subprocess import DEVNULL, PIPE, Popen

            # A session of its own, because Ctrl-C must not end what a rollback uses.
            self._program = Popen(
                self.argv,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env=environment(),
                start_new_session=True,
                bufsize=0,
            )
        return self._program is not None

    def send(self, *words: str) -> bool:
        """Send one signal. False if the program did not do it."""
        if not self.begin() or self._program is None or self._program.stdin is None or self._program.stdout is None:
            return False
        poll = select.poll()
        poll.register(self._program.stdout, select.POLLIN)
        try:
            self._program.stdin.write(f"{' '.join(words)}\n".encode())
            return bool(poll.poll(LONGEST)) and os.read(self._program.stdout.fileno(), 16) == DONE
        except BrokenPipeError:
            return False

    def end(self) -> None:
        """End the program. Idempotent."""
        program, self._program = self._program, None
        if program is not None:
            program.communicate()


def script(pid_file: str) -> str:
    """The program. It signals nginx's master and its workers, and no other process."""
    return f"""#!/bin/sh
# Written by `dokkupy setup`. `{RELOAD}` lets nginx read its configuration again, `{FINISH} PID` lets one of its workers finish.
while read -r verb worker; do
    read -r master <{pid_file} || exit 1
    read -r name <"/proc/$master/comm" && [ "$name" = nginx ] || exit 1
    case $verb in
    {RELOAD}) kill -HUP "$master" || exit 1 ;;
    {FINISH})
        case $worker in '' | *[!0-9]*) worker=0 ;; esac
        if read -r pid name state parent rest <"/proc/$worker/stat" && [ "$name $parent" = "(nginx) $master" ]; then
            kill -QUIT "$worker"
        fi ;;
    esac
    echo {DONE.decode().strip()}
done
"""
