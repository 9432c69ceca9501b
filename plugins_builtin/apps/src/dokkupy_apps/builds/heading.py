"""The heading of a build: which source is built, and by which builder."""

from __future__ import annotations

import re
import time

from dokkupy_sdk import Host
from dokkupy_sdk.builder import builder_of
from dokkupy_sdk.lines import duration, one_line, timed
from dokkupy_sdk.model import Image, Source

COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
SHORT = 7
"""Length of a commit's id in headings, as in git's own short form."""


def heading(host: Host, source: Source, builder: str) -> str:
    """`Building blog (Dockerfile, commit 1cb17e5 "A friendlier greeting")`."""
    title = builder_of(host, builder).title or builder
    return f"Building {source.app} ({', '.join(filter(None, (title, described(host, source))))})"


def described(host: Host, source: Source) -> str:
    if not COMMIT.fullmatch(source.revision):
        return one_line(source.revision)
    from dokkupy_sdk.history import commits

    found = commits(host, source.app, source.revision)
    subject = f' "{one_line(found[0].subject, 40)}"' if found and found[0].subject.strip() else ""
    return f"commit {source.revision[:SHORT]}{subject}"


def report_image(host: Host, image: Image, began: float) -> None:
    """`Image 164 MB   1.2 s`: its size, and the time since the build began (monotonic clock)."""
    from dokkupy_sdk.sizes import in_units

    text = f"Image {in_units(image.size)}" if image.size else "Image"
    host.out.detail(timed(text, duration(time.monotonic() - began)))
