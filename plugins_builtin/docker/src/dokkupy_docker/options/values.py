"""Values of docker's options: sizes, durations, ports."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.sizes import bytes_of

DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
PORT = re.compile(
    r"(?:(?P<address>\[[0-9A-Fa-f:.]+\]|\d+(?:\.\d+){3}):)?(?:(?P<outer>\d+(?:-\d+)?)?:)?(?P<inner>\d+(?:-\d+)?)"
    r"(?:/(?P<protocol>tcp|udp|sctp))?"
)


def size(text: str) -> int:
    return bytes_of(text)


def nano(text: str) -> int:
    try:
        return int(float(text) * 1_000_000_000)
    except ValueError:
        raise UserError(f"{text[:40]!r} is not a number of CPUs") from None


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UserError(f"{text[:40]!r} is not a whole number") from None


def seconds(text: str) -> int:
    return whole(text.removesuffix("s"))


def duration(text: str) -> int:
    """Nanoseconds, from `1m30s`."""
    parts = DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UserError(f"{text[:40]!r} is not a duration such as 1m30s")
    return sum(int(float(number) * NANOSECONDS[unit]) for number, unit in parts)


def tail(first: str, second: str, convert: Callable[[str], int]) -> Callable[[str], dict[str, Any]]:
    """A reader of `/dev/sda:1mb`."""

    def read(text: str) -> dict[str, Any]:
        path, mark, value = text.rpartition(":")
        if not mark:
            raise UserError(f"{text[:60]!r} is not DEVICE:VALUE")
        return {first: path, second: convert(value)}

    return read


def publish(body: dict[str, Any], text: str) -> None:
    """`[address:][outer:]inner[/protocol]`, numbers or ranges of them."""
    found = PORT.fullmatch(text)
    inner = between(found["inner"]) if found else []
    outer = between(found["outer"]) if found and found["outer"] else []
    if not found or not inner or max(inner + outer) > 65535 or (outer and len(outer) != len(inner)):
        raise UserError(f"{text[:60]!r} is not [ADDRESS:][PORT:]PORT[/tcp|udp]")
    bindings = body["HostConfig"].setdefault("PortBindings", {})
    for number, port in enumerate(inner):
        key = f"{port}/{found['protocol'] or 'tcp'}"
        body.setdefault("ExposedPorts", {})[key] = {}
        address = (found["address"] or "").strip("[]")
        bindings.setdefault(key, []).append({"HostIp": address, "HostPort": str(outer[number]) if outer else ""})


def between(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))[:65536]
