"""Other programs: git, ssh. Without `subprocess`, whose import takes longer than all the rest of the client."""

from __future__ import annotations

import os

from dokkupy_client.faults import Fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

NOT_FOUND = 127


def replace_by(argv: list[str]) -> NoReturn:
    """Become the program, so that its streams, signals and exit status are those of the client."""
    try:
        os.execvp(argv[0], argv)
    except FileNotFoundError:
        raise missing(argv[0]) from None


def run(argv: list[str], *, stdin: bytes | None = None) -> int:
    """Run a program on the client's own streams; returns its exit status. stdin: its standard input instead."""
    return captured(argv, stdin=stdin, keeps=())[0]


def captured(argv: list[str], *, stdin: bytes | None = b"", keeps: Sequence[int] = (1, 2)) -> tuple[int, bytes, bytes]:
    """The exit status, and what the program wrote to the descriptors in `keeps`, which do not reach the caller's.

    stdin: nothing by default, because ssh would read what is for the command that follows. None: the client's own.
    """
    pipes = {number: os.pipe() for number in keeps}
    actions: list[tuple[int, ...]] = [(os.POSIX_SPAWN_DUP2, write, number) for number, (_, write) in pipes.items()]
    if stdin is not None:
        feed = os.pipe()
        actions.append((os.POSIX_SPAWN_DUP2, feed[0], 0))
    try:
        pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
    except FileNotFoundError:
        raise missing(argv[0]) from None
    for _, write in pipes.values():
        os.close(write)
    if stdin is not None:
        os.close(feed[0])
        with os.fdopen(feed[1], "wb") as pipe:
            pipe.write(stdin)  # a key or nothing: less than a pipe holds
    found = read_all({number: read for number, (read, _) in pipes.items()})
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), found.get(1, b""), found.get(2, b"")


def read_all(open_pipes: dict[int, int]) -> dict[int, bytes]:
    """Read several pipes to their ends, whichever has something first."""
    import select

    found = dict.fromkeys(open_pipes, b"")
    left = {read: number for number, read in open_pipes.items()}
    while left:
        for read in select.select(list(left), [], [])[0]:
            data = os.read(read, 65_536)
            found[left[read]] += data
            if not data:
                os.close(read)
                del left[read]
    return found


def missing(program: str) -> Fault:
    return Fault(f"The program {program} is not installed", "Install it, then try again.", NOT_FOUND)
