"""Sizes in Docker's notation (`512m`, `512MB`, `0.5g`), and sizes of a container's memory."""

from __future__ import annotations

from dokkupy.errors import UserError

SIZE = r"(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?"
POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
LARGEST = 2**63 - 1
"""The largest number that Docker supports."""

LEAST_MEMORY = 6 * 1024 * 1024
"""Bytes. Docker refuses less for a container (https://docs.docker.com/engine/containers/resource_constraints/)."""


def bytes_of(text: str) -> int:
    """The bytes of a size. Raises UserError."""
    import re

    found = re.fullmatch(SIZE, text.strip(), re.IGNORECASE)
    if not found or not text.isascii():
        raise UserError(f"{text[:40]!r} is not a size such as 512m, 512MB or 2g")
    size = float(found[1]) * 1024 ** POWERS[found[2].lower()]
    if size > LARGEST:
        raise UserError(f"{text[:40]} is larger than any machine's memory")
    return int(size)


def with_unit(text: str) -> str:
    """A memory size with its unit. A bare number means megabytes, as in Dokku."""
    return f"{text}m" if text.isdigit() else text


def memory_bytes(text: str) -> int:
    """The bytes of a container's memory. Raises UserError for an invalid size, and for one below Docker's minimum."""
    size = bytes_of(with_unit(text))
    if size < LEAST_MEMORY:
        raise UserError(f"{text[:40]} is too little memory for a container: the minimum is 6m")
    return size


def in_units(size: float) -> str:
    """`1.5 GiB`: bytes for people, in powers of 1024."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" or abs(size) >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
