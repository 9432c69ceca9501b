"""certbot's logs, without secrets: it notes every setting that was given, external account binding's key among them. It
writes into a directory that goes with the command; what is kept was looked through."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable

from dokkupy_sdk.files import make_directory, write_atomic

NAME = "letsencrypt.log"
"""As certbot calls it."""

KEPT = 20
LARGEST = 256 * 1024
"""Bytes of one log that are kept, its end: the headers of the authority's last answers are in it."""

OURS = re.compile(r"\d{8}T\d{6}-.+\.log")


def read(directory: str) -> str:
    """The end of what certbot wrote, empty when it did not come to that."""
    try:
        with open(os.path.join(directory, NAME), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LARGEST))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def redacted(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def keep(text: str, directory: str, what: str) -> None:
    """Write a log, and remove the oldest. A disk without room for it is no reason to fail: the certificate counts."""
    if not text:
        return
    try:
        make_directory(directory)
        write_atomic(os.path.join(directory, f"{time.strftime('%Y%m%dT%H%M%S')}-{what}.log"), text.encode())
        for name in sorted((name for name in os.listdir(directory) if OURS.fullmatch(name)), reverse=True)[KEPT:]:
            os.unlink(os.path.join(directory, name))
    except OSError:
        pass
