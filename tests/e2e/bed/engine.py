"""Docker of the outer machine. Everything that the bed makes has a label."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

#: The label of every image, container and volume of the bed. Objects without it are not ours and are never changed.
LABEL = "dokkupy.testbed"
#: The label with the process that made a container or volume. With it, a later run can tell leftovers from objects
#: that another run uses.
OWNER = "dokkupy.testbed.owner"

#: Seconds. Limits that only end what hangs, on a machine three times slower than usual: of a command, and of something that
#: takes a moment.
HANGS = 1200.0
SOON = 300.0


@dataclass(frozen=True)
class Ran:
    """The result of a finished command."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """Standard output and standard error together."""
        return self.stdout + self.stderr


class CommandFailed(AssertionError):
    """A command that had to succeed failed."""

    def __init__(self, ran: Ran) -> None:
        super().__init__(f"{' '.join(ran.argv)}\nexited {ran.code}\n{ran.stdout[-8000:]}\n{ran.stderr[-8000:]}")
        self.ran = ran


def run(
    argv: Sequence[str],
    *,
    check: bool = True,
    input: str | bytes | None = None,
    timeout: float = HANGS,
    env: dict[str, str] | None = None,
    cwd: str | None = None,
) -> Ran:
    """Run a command on the outer machine. With `check`, a status other than 0 raises `CommandFailed`."""
    data = input.encode() if isinstance(input, str) else input
    # Without input, standard input is empty, so a command that asks a question does not read from this terminal.
    done = subprocess.run(
        list(argv),
        input=data or b"",
        capture_output=True,
        timeout=timeout,
        env=env,
        cwd=cwd,
        check=False,
    )
    ran = Ran(tuple(argv), done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
    if check and ran.code:
        raise CommandFailed(ran)
    return ran


def docker(*argv: str, check: bool = True, input: str | bytes | None = None, timeout: float = HANGS) -> Ran:
    """Run `docker ARGV` against the outer engine."""
    return run(["docker", *argv], check=check, input=input, timeout=timeout)


def pipe(source: Sequence[str], sink: Sequence[str], *, timeout: float = HANGS) -> None:
    """Run `source | sink` without a shell, and without the whole stream in memory."""
    with subprocess.Popen(list(source), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as left:
        right = subprocess.run(list(sink), stdin=left.stdout, capture_output=True, timeout=timeout, check=False)
        assert left.stdout is not None and left.stderr is not None
        left.stdout.close()
        complaint = left.stderr.read().decode(errors="replace")
    if left.returncode:
        raise CommandFailed(Ran(tuple(source), left.returncode, "", complaint))
    if right.returncode:
        said = right.stdout.decode(errors="replace"), right.stderr.decode(errors="replace")
        raise CommandFailed(Ran(tuple(sink), right.returncode, *said))


def image_exists(tag: str) -> bool:
    """Whether the outer engine has this image. It is never pulled."""
    return docker("image", "inspect", tag, check=False).code == 0
