"""The journal: each step of an operation, recorded before it is done."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import Any

from dokkupy.errors import HostError
from dokkupy.kernel.files import make_directory, open_own, sync_directory, unwritable, write_whole

KEPT_JOURNALS = 200
"""How many closed journals are kept, for `dokkupy events` and for debugging."""

NEW = ("journal", "new")


class Journal:
    """The append-only file of one operation and the directory of its backups."""

    def __init__(self, root: str, operation: str) -> None:
        self.id = operation
        self.open_directory = os.path.join(root, "journal", "open")
        self.closed_directory = os.path.join(root, "journal", "closed")
        self.path = os.path.join(self.open_directory, operation + ".jsonl")
        self.backups = os.path.join(root, "journal", "backups", operation)
        self._new = os.path.join(root, *NEW, operation + ".jsonl")
        self._fd = -1
        self._kept = 0

    def begin(self, entry: dict[str, Any]) -> None:
        """Write the first line. The file appears together with it, because other processes take an empty journal for one
        of a dead process."""
        for directory in (self.open_directory, self.closed_directory, os.path.dirname(self._new)):
            make_directory(directory)
        self._fd = open_own(self._new, os.O_WRONLY | os.O_APPEND | os.O_EXCL, 0o600)
        self.write({"type": "begin", **entry}, sync=True)
        os.rename(self._new, self.path)
        sync_directory(self.open_directory)

    def write(self, entry: dict[str, Any], *, sync: bool = False) -> None:
        line = json.dumps({**entry, "at": round(time.time(), 3)}, separators=(",", ":")).encode() + b"\n"
        try:
            write_whole(self._fd, line)
            if sync:
                os.fdatasync(self._fd)
        except OSError as error:
            raise unwritable(error, f"The journal {self.path}") from error

    def note_undone(self, steps: list[int]) -> None:
        """Record the numbers of the steps that were undone, when others could not be."""
        if self._fd < 0:
            self._fd = open_own(self.path, os.O_WRONLY | os.O_APPEND, 0o600)
        self.write({"type": "undone", "steps": steps}, sync=True)

    def keep(self, path: str) -> str:
        """Back up a file's current content by a hard link. Returns the backup's path, empty if there is no file."""
        make_directory(self.backups)
        self._kept += 1
        backup = os.path.join(self.backups, str(self._kept))
        try:
            os.link(path, backup)
        except FileNotFoundError:
            return ""
        return backup

    def close(self, outcome: str, reason: str = "") -> None:
        if self._fd >= 0:
            try:
                self.write({"type": "end", "outcome": outcome, "reason": reason})
            except HostError:
                pass  # the disk is full; the rename alone marks it as ended
            os.close(self._fd)
            self._fd = -1
        os.replace(self.path, os.path.join(self.closed_directory, self.id + ".jsonl"))
        remove_tree(self.backups)


def remove_tree(path: str) -> None:
    if os.path.isdir(path):
        for name in os.listdir(path):
            os.unlink(os.path.join(path, name))
        os.rmdir(path)


def read_journal(path: str) -> list[dict[str, Any]]:
    """The entries of a journal, without a last line that a crash cut off."""
    entries = []
    with open(path, "rb") as file:
        for line in file:
            try:
                entries.append(json.loads(line))
            except ValueError:
                break
    return entries


def new_id() -> str:
    """A sortable id: milliseconds since the epoch in base 36, then random digits."""
    return base36(int(time.time() * 1000)).rjust(9, "0") + base36(int.from_bytes(os.urandom(5))).rjust(8, "0")


def base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"


def prune_closed(directory: str) -> None:
    names = sorted(os.listdir(directory))
    for name in names[:-KEPT_JOURNALS]:
        with suppress(FileNotFoundError):  # another process may be pruning, too
            os.unlink(os.path.join(directory, name))
