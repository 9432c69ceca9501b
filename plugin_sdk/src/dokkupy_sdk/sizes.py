"""Sizes as docker reads them: `512m`, `512MB`, `0.5g`."""

from __future__ import annotations

import re

from dokkupy.errors import UserError

SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?", re.IGNORECASE)
POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
LARGEST = 2**63 - 1
"""What docker can count."""


def bytes_of(text: str) -> int:
    """Raises UserError."""
    found = SIZE.fullmatch(text.strip())
    if not found or not text.isascii():
        raise UserError(f"{text[:40]!r} is not a size such as 512m, 512MB or 2g")
    size = float(found[1]) * 1024 ** POWERS[found[2].lower()]
    if size > LARGEST:
        raise UserError(f"{text[:40]} is more than any machine has")
    return int(size)
