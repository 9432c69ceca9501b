"""Convert the engine's answers: JSON objects to facts, and streams to lines."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from dokkupy_sdk.model import Ending, Port
from dokkupy_sdk.roles import Container
from dokkupy_sdk.values import dataclass, replace

from dokkupy_docker.command import text_without_passing, without_passing

OUTPUT_LIMIT = 64 * 1024
"""Bytes of a command's output that are kept."""


ENDING_SIGNALS = ("2", "9", "15")
"""SIGINT, SIGKILL, SIGTERM: these signals, sent through the engine, are meant to end the container."""


def filters(labels: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" if value else key for key, value in labels.items()]


def words_of(value: Any) -> tuple[str, ...]:
    return () if not value else (value,) if isinstance(value, str) else tuple(value)


def exposed(texts: Iterable[str]) -> tuple[Port, ...]:
    """The ports of an image, sorted by number. The engine keeps no order, and as texts, 10000 would come before 80."""
    return tuple(sorted(map(port_of, texts), key=lambda port: (port.container, port.scheme)))


def port_of(text: str) -> Port:
    """`5000/tcp` as Dokku maps it."""
    number, _, protocol = text.partition("/")
    scheme = "udp" if protocol == "udp" else "https" if number == "443" else "http"
    return Port(scheme, int(number), int(number))


def addresses(settings: Mapping[str, Any] | None) -> dict[str, str]:
    """Network -> address; for a stopped container, the address that it will get again."""
    found = {}
    for name, endpoint in ((settings or {}).get("Networks") or {}).items():
        fixed = (endpoint.get("IPAMConfig") or {}).get("IPv4Address", "")
        found[name] = endpoint.get("IPAddress") or fixed
    return found


def listed(one: Mapping[str, Any]) -> Container:
    return Container(
        id=one["Id"],
        name=one["Names"][0].removeprefix("/") if one.get("Names") else "",
        image=one["ImageID"],
        state=one["State"],
        labels=one.get("Labels") or {},
        addresses=addresses(one.get("NetworkSettings")),
        created_at=str(one.get("Created", "")),
        command=tuple(text_without_passing(str(one.get("Command", ""))).split()),
        up_seconds=up_seconds(str(one.get("Status", ""))),
    )


UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2592000, "year": 31536000}


def up_seconds(status: str) -> int:
    """The least number of seconds that `Up 3 minutes (healthy)` stands for; 0 for a container that is not up
    (docker/go-units, HumanDuration)."""
    words = status.removeprefix("Up ").replace("About an", "1").replace("About a", "1").split()
    if not status.startswith("Up ") or len(words) < 2 or not words[0].isdecimal():
        return 0  # also "Up Less than a second"
    size = UNITS.get(words[1].removesuffix("s"), 0)
    # From an hour on, the duration is rounded to the nearest unit, not down.
    return int(words[0]) * size if size < 3600 else max(3600, (int(words[0]) * size) // 2)


LATE = 1.0
"""Seconds within which `oom` may follow `die`: containerd publishes them separately, so a busy host may swap them."""


def endings_of(events: Iterable[Mapping[str, Any]]) -> dict[str, list[Ending]]:
    """The engine's events `oom`, `kill`, `die` and `stop`, in their order, as the ends of containers."""
    found: dict[str, list[Ending]] = {}
    oom: set[str] = set()
    killed: set[str] = set()
    for event in events:
        identifier, what = event["Actor"]["ID"], event["Action"]
        about, at = event["Actor"].get("Attributes") or {}, event.get("timeNano", 0) / 1e9
        last = found.get(identifier, [])[-1:]
        if what == "oom" and last and is_unexplained(last[0]) and at - last[0].at < LATE:
            found[identifier][-1] = replace(last[0], oom=True)
        elif what == "oom":
            oom.add(identifier)
        elif what == "kill" and about.get("signal") in ENDING_SIGNALS:
            killed.add(identifier)
        elif what == "die":
            code = int(about.get("exitCode", 0))
            ending = Ending(at, code, oom=identifier in oom, stopped=identifier in killed)
            found.setdefault(identifier, []).append(ending)
            oom.discard(identifier)
            killed.discard(identifier)
        elif what == "stop" and last:
            found[identifier][-1] = replace(last[0], stopped=True)
    return found


def is_unexplained(one: Ending) -> bool:
    """Whether SIGKILL ended it, which nobody sent by the engine."""
    return one.exit_code == 128 + signal.SIGKILL and not one.oom and not one.stopped


@dataclass(frozen=True, slots=True)
class Inspected(Container):
    """A container with the id of its first process; 0 if none runs."""

    pid: int = 0


def inspected(one: Mapping[str, Any]) -> Inspected:
    state = one["State"]
    return Inspected(
        pid=state.get("Pid") or 0,
        id=one["Id"],
        name=one["Name"].removeprefix("/"),
        image=one["Image"],
        state=state["Status"],
        labels=one["Config"].get("Labels") or {},
        addresses=addresses(one.get("NetworkSettings")),
        exit_code=state.get("ExitCode"),
        oom_killed=bool(state.get("OOMKilled")),
        restarts=one.get("RestartCount", 0),
        started_at=state.get("StartedAt", ""),
        finished_at=state.get("FinishedAt", ""),
        created_at=one.get("Created", ""),
        command=without_passing((str(one["Path"]), *(one.get("Args") or ()))) if one.get("Path") else (),
    )


def lines_of(read: Callable[[int], bytes], *, multiplexed: bool) -> Iterator[tuple[str, bytes]]:
    """Lines of the engine's log stream: frames of 8 bytes of header (kind, length) when there is no terminal."""
    rest = {"stdout": b"", "stderr": b""}
    while True:
        if multiplexed:
            header = exactly(read, 8)
            if len(header) < 8:
                break
            kind = "stderr" if header[0] == 2 else "stdout"
            data = exactly(read, int.from_bytes(header[4:], "big"))
        else:
            kind, data = "stdout", read(1)
            if not data:
                break
        *whole, rest[kind] = (rest[kind] + data).split(b"\n")
        for line in whole:
            yield kind, line.rstrip(b"\r")
    for kind, line in rest.items():
        if line:
            yield kind, line


def output_of(stream: Any, end: float) -> bytes:
    """The output of a command in a container, up to the limit. Raises TimeoutError at the time `end`, because the SDK
    itself waits without a limit for a silent command."""
    connection = getattr(stream, "_sock", stream)

    def read(count: int) -> bytes:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        return bytes(connection.recv(count))

    kept = b""
    try:
        while len(header := exactly(read, 8)) == 8:
            data = exactly(read, int.from_bytes(header[4:], "big"))
            kept += data[: OUTPUT_LIMIT - len(kept)]
    finally:
        stream.close()
    return kept


def exactly(read: Callable[[int], bytes], count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = read(count - len(data))
        if not part:
            break
        data += part
    return data
