"""The one way to run a program: an argv list, a clean environment, no shell."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from dokkupy.errors import HostError
from dokkupy.kernel.spawn import environment, own_argv

from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess

__all__ = [
    "Completed",
    "ending_with_reader",
    "ending_with_us",
    "environment",
    "execute",
    "own_argv",
    "poll_reader",
    "reader_leaves",
    "reader_left",
    "stream",
]


@dataclass(frozen=True, slots=True)
class Completed:
    """The result of a program: its status and both streams as text (undecodable bytes are replaced)."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.status == 0


def execute(
    argv: Sequence[str],
    *,
    check: bool = True,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    cwd: str | None = None,
    timeout: float | None = 60.0,
    umask: int = -1,
) -> Completed:
    """Run a program to its end. check: a status other than 0 raises HostError with the program's output. umask: the
    program's; -1: ours."""
    import subprocess  # here, because it loads ten modules, and many import this one for less

    try:
        done = subprocess.run(
            list(argv),
            input=stdin if stdin is not None else b"",
            capture_output=True,
            env=environment(env),
            cwd=cwd,
            timeout=timeout,
            umask=umask,
            check=False,
        )
    except FileNotFoundError as error:
        raise HostError(f"The program {argv[0]} is not installed", hint=f"Install {argv[0]}.") from error
    except subprocess.TimeoutExpired as error:
        raise HostError(
            f"{argv[0]} did not end within {timeout:.0f} seconds",
            hint="Run the command again. If it hangs again, the host is overloaded, or a disk or network does not respond.",
        ) from error
    result = Completed(
        tuple(argv), done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    )
    if check and not result.ok:
        words = tuple((result.stderr or result.stdout).strip().splitlines()[-20:])
        raise HostError(f"{argv[0]} failed with status {result.status}", details=words)
    return result


def stream(
    argv: Sequence[str],
    line: Callable[[str], None],
    *,
    env: Mapping[str, str] | None = None,
    stdin: object = None,
    cwd: str | None = None,
    begun: Callable[[], object] = bool,
) -> int:
    """Run a program and pass on each line of both streams as it arrives. Returns the status. begun: called once it runs. stdin:
    by default, an empty one.

    The program gets its own process group, which is ended as a whole if this function is interrupted. If this process is
    killed, the kernel sends SIGTERM to the program.
    """
    import subprocess

    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # type: ignore[call-overload]
            env=environment(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=ending_with_us(),
        )
    except FileNotFoundError as error:
        raise HostError(f"The program {argv[0]} is not installed", hint=f"Install {argv[0]}.") from error
    try:
        assert process.stdout is not None
        begun()
        for raw in lines(process.stdout.fileno()):
            line(raw.decode(errors="replace").rstrip("\r"))
        return int(process.wait())
    finally:
        end_group(process)


def lines(pipe: int) -> Iterator[bytes]:
    """The lines from a pipe as they arrive, without the newlines."""
    with signal_pipe() as signals:
        poll = select.poll()
        for fd in (pipe, signals):
            poll.register(fd, select.POLLIN)
        rest = b""
        while True:
            ready = [fd for fd, _ in poll.poll()]
            if signals in ready:
                os.read(signals, 64)
            if pipe in ready:
                chunk = os.read(pipe, 1 << 16)
                if not chunk:
                    break
                *whole, rest = (rest + chunk).split(b"\n")
                yield from whole
        if rest:
            yield rest


@contextmanager
def signal_pipe() -> Iterator[int]:
    """The reading end of a pipe to which each signal with a handler writes.

    Python runs handlers between two instructions. A signal that arrives after Python's last check and before the system
    call does not interrupt the call, so a plain read would block as long as the program prints nothing.
    """
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    except ValueError:  # only the main thread has handlers
        before = None
    try:
        yield reader
    finally:
        if before is not None:
            signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)


PR_SET_PDEATHSIG = 1
"""prctl(2), linux/prctl.h."""


def ending_with_us() -> Callable[[], None]:
    """A function for the child to call before it starts the program, so that no build outlives dokkupy: the kernel ends
    the program when dokkupy dies."""
    import ctypes

    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
        if os.getppid() != parent:  # dokkupy died before the call
            os._exit(1)

    return ask


def poll_reader(fd: int) -> select.poll:
    """A poll that reports only that the other end of a pipe, socket or terminal was closed."""
    poll = select.poll()
    poll.register(fd, 0)
    return poll


def reader_left(fd: int) -> bool:
    """Whether the reader of the output is gone: the SSH connection was dropped, or the program behind the pipe ended."""
    return bool(poll_reader(fd).poll(0))


def reader_leaves(fd: int, seconds: float) -> bool:
    """Wait that long, or until the reader of the output is gone: whether it is. For whoever follows something that may never
    print again."""
    return bool(poll_reader(fd).poll(seconds * 1000))


@contextmanager
def ending_with_reader(fd: int) -> Iterator[None]:
    """Meanwhile, send SIGHUP to this process once the reader of the output is gone, because sshd sends no signal to a session
    without a terminal. For whoever waits in a call that `reader_leaves` cannot replace."""
    from _thread import allocate_lock, start_new_thread

    lock, is_over = allocate_lock(), False

    def wait() -> None:
        poll_reader(fd).poll()
        with lock:
            if not is_over:
                os.kill(os.getpid(), signal.SIGHUP)

    start_new_thread(wait, ())
    try:
        yield
    finally:
        with lock:
            is_over = True


def end_group(process: subprocess.Popen[bytes], grace: float = 5.0) -> None:
    """End a process that leads a process group (`start_new_session`), and all processes that it started."""
    from subprocess import TimeoutExpired

    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(grace)
        except ProcessLookupError:
            pass
        except TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
