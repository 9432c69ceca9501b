"""The lines of the audit, from all of its files."""

from __future__ import annotations

import json
import os

from dokkupy_sdk import Host
from dokkupy_sdk.audit import MARK
from dokkupy_sdk.values import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Line:
    """place: file and line, for messages. number: 0 when this is not a line of the audit. body: what the seal
    covers."""

    place: str
    number: int = 0
    time: str = ""
    who: str = ""
    app: str = ""
    command: str = ""
    status: int = 0
    body: bytes = b""
    seal: str = ""


def files(host: Host) -> list[str]:
    """The audit's files, the oldest first: rotated ones, `audit-NUMBER.log`, named by their last line, and `audit.log`."""
    directory = os.path.dirname(host.audit.path)
    try:
        rotated = sorted(name for name in os.listdir(directory) if name.startswith("audit-") and name.endswith(".log"))
    except FileNotFoundError:
        rotated = []
    paths = [os.path.join(directory, name) for name in rotated]
    return [*(path for path in paths if not is_same(path, host.audit.path)), host.audit.path]


def is_same(path: str, other: str) -> bool:
    """Whether a crash during a rotation left two names for one file."""
    try:
        return os.path.samefile(path, other)
    except FileNotFoundError:
        return False


def lines(host: Host) -> Iterator[Line]:
    for path in files(host):
        try:
            with open(path, "rb") as file:
                for count, text in enumerate(file, 1):
                    yield read(text.rstrip(b"\n"), f"{path}:{count}")
        except FileNotFoundError:
            continue


def read(text: bytes, place: str) -> Line:
    body, mark, seal = text.rpartition(MARK)
    try:
        found = json.loads(text)
        return Line(
            place,
            number=int(found["number"]),
            time=str(found["time"]),
            who=str(found["who"]),
            app=str(found["app"]),
            command=str(found["command"]),
            status=int(found["status"]),
            body=body if mark else text,
            seal=seal.removesuffix(b'"}').decode(),
        )
    except (ValueError, KeyError, TypeError):
        return Line(place)
