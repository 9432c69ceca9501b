"""Sizes as docker reads them, and those of a container's memory."""

from __future__ import annotations

from dokkupy.errors import UserError
from dokkupy.kernel.sizes import bytes_of

__all__ = ["bytes_of", "memory_bytes", "with_unit"]

LEAST_MEMORY = 6 * 1024 * 1024
"""Bytes: Docker refuses less for a container (https://docs.docker.com/engine/containers/resource_constraints/)."""


def with_unit(text: str) -> str:
    """A size of memory with its unit: a number alone is megabytes, as for Dokku."""
    return f"{text}m" if text.isdigit() else text


def memory_bytes(text: str) -> int:
    """The bytes of a container's memory. Raises UserError for what is no size, and for less than a container can have."""
    size = bytes_of(with_unit(text))
    if size < LEAST_MEMORY:
        raise UserError(f"{text[:40]} is less memory than any container can have: at least 6m")
    return size
