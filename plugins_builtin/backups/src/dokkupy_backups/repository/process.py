"""A restic process: it is written to or read from in pieces, ended so that it removes its lock, and never waited for
without a limit."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.execute import environment

from dokkupy_backups.repository.meter import PIECE

PR_SET_PDEATHSIG = 1
"""prctl(2), linux/prctl.h."""

GRACE = 15.0
"""Seconds that restic has to remove its lock from the repository after SIGINT."""

KEPT = 200
"""The number of lines of its messages that are kept."""

INSTALL = "apt-get install restic"


class Child:
    """One running program. If `reads` is set, the caller reads stdout; otherwise it is kept like stderr."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], *, feeds: bool = False, reads: bool = False
    ) -> None:
        try:
            self.process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE if feeds else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(env),
                cwd="/",
                start_new_session=True,
                preexec_fn=interrupted_with_us(),
            )
        except FileNotFoundError as error:
            raise HostError(f"The program {argv[0]} is not installed", hint=INSTALL, code="restic_missing") from error
        self.errors: list[str] = []
        self.output: list[str] = []
        self._readers = [self._collect(self.process.stderr, self.errors)]
        if not reads:
            self._readers.append(self._collect(self.process.stdout, self.output))
        if feeds:
            assert self.process.stdin is not None
            os.set_blocking(self.process.stdin.fileno(), False)

    def _collect(self, stream: object, into: list[str]) -> threading.Thread:
        def read() -> None:
            for raw in stream:  # type: ignore[attr-defined]
                into.append(raw.decode(errors="replace").rstrip("\r\n"))
                # Its progress comes every second for hours; a listing is one long line.
                if len(into) > 2 * KEPT:
                    del into[:KEPT]

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def write(self, piece: bytes, patience: float) -> None:
        """Raises BrokenPipeError if it ended, and TimeoutError if it read nothing for `patience` seconds."""
        assert self.process.stdin is not None
        fd = self.process.stdin.fileno()
        view = memoryview(piece)
        while view:
            if not select.select([], [fd], [], patience)[1]:
                raise TimeoutError
            try:
                view = view[os.write(fd, view) :]
            except BlockingIOError:
                continue

    def read(self, patience: float) -> Iterator[bytes]:
        """The output. Raises TimeoutError if there is none for `patience` seconds."""
        assert self.process.stdout is not None
        fd = self.process.stdout.fileno()
        while True:
            if not select.select([fd], [], [], patience)[0]:
                raise TimeoutError
            piece = os.read(fd, PIECE)
            if not piece:
                return
            yield piece

    def finish(self, patience: float | None) -> int:
        """Close its input and wait for its end. Returns its status. Raises TimeoutError."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        for reader in self._readers:
            reader.join(5)
        return status

    def end(self) -> None:
        """End it while its input is still open, because at the end of its input it would save an incomplete snapshot."""
        process = self.process
        if process.poll() is None:
            self._signal(signal.SIGINT)
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                process.wait()
        for reader in self._readers:
            reader.join(5)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    pass  # what was buffered goes nowhere

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass


def interrupted_with_us() -> Callable[[], None]:
    """If this process is killed, the kernel interrupts restic, which then removes its lock and saves no snapshot."""
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGINT))
        if os.getppid() != parent:  # the parent was killed before the call
            os._exit(1)

    return ask
