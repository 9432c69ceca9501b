"""The log of what happened on the host, which `dokkupy events` shows."""

from __future__ import annotations

import os

from dokkupy.kernel.files import make_directory, open_own, stamp, write_whole

ROTATE_AT = 16 * 1024 * 1024
"""In bytes; a larger file is renamed to `events.log.1`."""


class Events:
    """`events.log`: one JSON object per line."""

    def __init__(self, root: str) -> None:
        self.path = os.path.join(root, "logs", "events.log")

    def record(self, event: str, **facts: str) -> None:
        import json

        line = json.dumps({"time": stamp(), "event": event, **facts}) + "\n"
        make_directory(os.path.dirname(self.path))
        fd = open_own(self.path, os.O_WRONLY | os.O_APPEND, 0o640)
        try:
            write_whole(fd, line.encode())
            size = os.fstat(fd).st_size
        finally:
            os.close(fd)
        if size > ROTATE_AT:
            os.replace(self.path, self.path + ".1")
