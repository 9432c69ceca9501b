"""Where the relay listens through which the engine downloads for an app's builds. It is the same place at each build, because
BuildKit knows by the URL what it has, and no other app knows it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

PORTS = range(10_000, 32_000)
"""Below the ports that Linux gives to connections."""

PLACES = 50
"""How many are tried, because another program may have a port."""


def relay_key(app: str, private: str) -> bytes:
    """private: a text that only this app's builds have."""
    return hashlib.blake2b(f"{app} {private}".encode(), person=b"dokkupy-relay").digest()


def relay_places(key: bytes) -> Iterator[tuple[str, int]]:
    """(loopback address, port), the preferred one first."""
    for number in range(PLACES):
        seed = hashlib.blake2b(b"%d" % number, key=key, digest_size=8).digest()
        address = f"127.{seed[0] % 254 + 1}.{seed[1]}.{seed[2] % 254 + 1}"
        yield address, PORTS[int.from_bytes(seed[3:], "big") % len(PORTS)]


def relay_url(place: tuple[str, int]) -> str:
    """What stands before a URL that is downloaded through the relay."""
    return f"http://{place[0]}:{place[1]}/"
