"""Dumps and restores as streams: no dump is stored in a file, and every program's exit status is checked."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from typing import IO, Any

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.execute import ending_with_us, environment
from dokkupy_sdk.files import unnamed_file

from dokkupy_services.lifecycle.container import LAST_LINES, Exec, without_secrets
from dokkupy_services.role import Datastore

PIECE = 256 * 1024
EDGE = 64 * 1024
"""The number of bytes at the beginning and the end of a dump that are examined."""


class Edges:
    """Passes on the pieces of a stream, and keeps its beginning, its end and its size."""

    def __init__(self) -> None:
        self.head = self.tail = b""
        self.size = 0

    def take(self, piece: bytes) -> None:
        if len(self.head) < EDGE:
            self.head += piece[: EDGE - len(self.head)]
        self.tail = (self.tail + piece)[-EDGE:] if len(piece) < EDGE else piece[-EDGE:]
        self.size += len(piece)


@contextmanager
def program(inside: Exec, argv: tuple[str, ...], what: str, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in the container. Raises HostError with its output if its status is not 0. Leaving early ends it."""
    words = inside.host.sessions().attach_argv(inside.container, argv, tty=False)
    with unnamed_file() as errors:
        process = subprocess.Popen(
            words, stderr=errors, env=environment(), start_new_session=True, preexec_fn=ending_with_us(), **streams
        )
        try:
            yield process
            status = process.wait()
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait()
        if status != 0:
            raise HostError(
                f"{what} failed: {argv[0]} ended with status {status}",
                details=words_of(inside, errors),
                hint=f"Its last lines say why. The log of the server may say more: {inside.service.kind}:logs {inside.service.name}",
            )


def words_of(inside: Exec, errors: IO[bytes]) -> tuple[str, ...]:
    size = errors.seek(0, 2)
    errors.seek(max(0, size - EDGE))
    lines = errors.read().decode(errors="replace").strip().splitlines()[-LAST_LINES:]
    return tuple(without_secrets(inside.service, line) for line in lines)


Check = Callable[[bytes, bytes, int], str]


def pieces_of(
    datastore: Datastore, inside: Exec, argv: tuple[str, ...] = (), check: Check | None = None
) -> Generator[bytes, None, None]:
    """A dump in pieces. Raises HostError at its end if the dump failed or is incomplete. argv: the program, by default
    the datastore's `dump`. check: the function that detects an incomplete dump, by default `check_dump`."""
    service, edges = inside.service, Edges()
    with program(
        inside,
        argv or datastore.dump(service),
        f"The dump of {service.subject}",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        while piece := process.stdout.read(PIECE):
            edges.take(piece)
            yield piece
    require_whole(check or datastore.check_dump, service.subject, edges)


def dump(datastore: Datastore, inside: Exec, write: Callable[[bytes], object], argv: tuple[str, ...] = ()) -> None:
    """Write a whole dump in pieces. Raises HostError if the dump failed or is incomplete."""
    for piece in pieces_of(datastore, inside, argv):
        write(piece)


def require_whole(check: Check, subject: str, edges: Edges) -> None:
    reason = check(edges.head, edges.tail, edges.size)
    if reason:
        raise HostError(
            f"The dump of {subject} is incomplete: {reason}",
            code="bad_dump",
            hint="Run the command again. If it fails again, check the logs of the service and the free space of the disk.",
        )


def restore(datastore: Datastore, inside: Exec, pieces: Iterable[bytes]) -> None:
    """Restore a dump into the service. Raises HostError; the content is then undefined, unless the dump was empty."""
    service, edges = inside.service, Edges()
    rest = iter(pieces)
    first = next(filter(None, rest), b"")
    if not first:
        require_whole(datastore.check_dump, service.subject, edges)
    with program(
        inside,
        datastore.restore(service),
        f"The restore into {service.subject}",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        try:
            for piece in chain([first], rest):
                edges.take(piece)
                process.stdin.write(piece)
            process.stdin.close()
        except BrokenPipeError:
            pass  # the program ended before its input; its exit status tells whether that is an error
    require_whole(datastore.check_dump, service.subject, edges)


def transfer(datastore: Datastore, source: Exec, target: Exec) -> None:
    """Copy the content of one instance into another. An incomplete dump is an error."""
    with closing(pieces_of(datastore, source)) as pieces:
        restore(datastore, target, pieces)


def compare(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """A line for each difference."""
    lines = []
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            lines.append(f"{name}: {before.get(name, 'missing')} before, {after.get(name, 'missing')} after")
    return lines


def export_to(datastore: Datastore, inside: Exec, file: IO[bytes], *, every: bool = False) -> None:
    """Write the dump for users to a file or pipe, such as standard output. every: of all databases of the server."""
    if every:
        pieces = pieces_of(datastore, inside, datastore.export_all(inside.service), datastore.check_export_all)
    else:
        pieces = pieces_of(datastore, inside, datastore.export(inside.service))
    for piece in pieces:
        file.write(piece)
    file.flush()
