"""Measures a stream as it passes: its checksum, its size, its beginning and end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable

END = 64 * 1024
"""Bytes of each end that are kept, for `BackupSubject.check`."""

PIECE = 256 * 1024


class Meter:
    """sha256, size, head and tail of what was added."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0
        self.head = b""
        self.tail = b""

    def add(self, piece: bytes) -> None:
        self._hash.update(piece)
        self.size += len(piece)
        if len(self.head) < END:
            self.head += piece[: END - len(self.head)]
        self.tail = piece[-END:] if len(piece) >= END else (self.tail + piece)[-END:]

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def through(
        self, pieces: Iterable[bytes], *, end: Callable[[], None] = lambda: None
    ) -> Generator[bytes, None, None]:
        """Pass pieces on and measure them. end: called after the last piece, before the reader knows that it was the last;
        its errors are raised where the stream is read."""
        for piece in pieces:
            self.add(piece)
            yield piece
        end()
